//! A program's file, read without running it.

use crate::crates::Crate;
use crate::label::{CONTENTS, LABEL, Label, Texts, read_contents};
use crate::text::sha256;
use object::read::elf::{FileHeader, ProgramHeader};
use object::{Endianness, Object, ObjectSection, elf};

/// A gateway's file and what it says of itself.
#[derive(Clone, Debug)]
pub struct Program {
    /// The digest of the file, SHA-256 in hexadecimal.
    pub sha256: String,
    /// How long the file is, in bytes.
    pub size: usize,
    /// Whether it needs nothing beside it: no other library, and no program that loads it.
    pub is_static: bool,
    /// What it is.
    pub label: Label,
    /// What it was made from.
    pub texts: Texts,
    /// What it is made of.
    pub crates: Vec<Crate>,
}

impl Program {
    /// Reads the file of a gateway.
    ///
    /// # Errors
    ///
    /// It is no program, is cut off, or says nothing of itself: what is wrong with the file.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        if !bytes.starts_with(&elf::ELFMAG) {
            return Err("is no program for Linux: it does not begin as an ELF file does".to_owned());
        }
        let file =
            object::File::parse(bytes).map_err(|error| format!("is no whole program: {error}"))?;
        let section = |name: &str| {
            let found = file.section_by_name(name).ok_or_else(|| {
                format!("has no section `{name}`, so it was not made by `gatewright build`")
            })?;
            found.data().map_err(|error| format!("has a broken section `{name}`: {error}"))
        };
        let in_section = |name: &str, why: String| format!("has a section `{name}` that {why}");
        let label = Label::read(section(LABEL)?).map_err(|why| in_section(LABEL, why))?;
        let contents = read_contents(section(CONTENTS)?);
        let (texts, crates) = contents.map_err(|why| in_section(CONTENTS, why))?;
        Ok(Self {
            sha256: sha256(bytes),
            size: bytes.len(),
            is_static: !is_loaded_by_another(bytes),
            label,
            texts,
            crates,
        })
    }

    /// Whether `bytes` begin as a program does.
    pub fn is(bytes: &[u8]) -> bool {
        bytes.starts_with(&elf::ELFMAG)
    }

    /// The processor that it is for, as images name it: `amd64`.
    pub fn architecture(&self) -> &str {
        let target = self.label.fact("target").unwrap_or_default();
        match target.split('-').next().unwrap_or_default() {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            "riscv64gc" => "riscv64",
            "i686" => "386",
            "powerpc64le" => "ppc64le",
            other => other,
        }
    }
}

/// Whether a program's file names another program that loads it and the libraries that it needs.
fn is_loaded_by_another(bytes: &[u8]) -> bool {
    fn asks<Elf: FileHeader<Endian = Endianness>>(bytes: &[u8]) -> Option<bool> {
        let header = Elf::parse(bytes).ok()?;
        let endian = header.endian().ok()?;
        let mut all = header.program_headers(endian, bytes).ok()?.iter();
        Some(all.any(|one| one.p_type(endian) == elf::PT_INTERP))
    }
    // What cannot be read could need anything.
    asks::<elf::FileHeader64<Endianness>>(bytes)
        .or_else(|| asks::<elf::FileHeader32<Endianness>>(bytes))
        .unwrap_or(true)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "the test's own program is what it reads")]
    use super::*;

    #[test]
    fn what_is_no_gateway_says_what_it_is() {
        let why = |bytes: &[u8]| Program::read(bytes).unwrap_err();
        assert!(why(b"").contains("does not begin as an ELF file"));
        assert!(why(b"#!/bin/sh\n").contains("does not begin as an ELF file"));
        assert!(why(b"\x7fELF").contains("no whole program"), "{}", why(b"\x7fELF"));
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert!(why(&own).contains("was not made by `gatewright build`"));
        assert!(is_loaded_by_another(&own));
    }

    #[test]
    fn any_part_of_a_program_is_refused_without_a_panic() {
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        for length in [5, 16, 63, 64, 65, 100, 1000, own.len() / 2, own.len() - 1] {
            assert!(Program::read(own.get(..length).unwrap()).is_err());
        }
        // Every byte of the head, at its largest.
        for at in 4..64 {
            let mut head = own.clone();
            *head.get_mut(at).unwrap() = 0xff;
            assert!(Program::read(&head).is_err());
        }
    }
}
