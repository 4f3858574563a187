//! Rooms and bookings: `cargo run --example bookings`.

gatewright_runtime::include_gateway!("bookings");

fn main() -> std::process::ExitCode {
    gatewright_runtime::serve(&bookings::CONTRACT)
}
