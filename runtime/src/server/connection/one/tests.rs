//! Connections in memory, piece by piece.
