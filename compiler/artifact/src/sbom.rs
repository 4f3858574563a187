//! The crates of a program as a bill of materials in the form of CycloneDX 1.6.

use crate::crates::Crate;
use crate::program::Program;
use serde_json::{Value, json};

/// The bill of materials: one component for each crate that is linked or at work while the program
/// is built. It names no time and has a serial number made of the program's digest, so that equal
/// programs have equal bills.
pub fn cyclone_dx(program: &Program) -> String {
    let label = &program.label;
    let components: Vec<Value> =
        program.crates.iter().filter(|one| !one.root).map(component).collect();
    let version = label.revision.clone().unwrap_or_else(|| label.labels().join(", "));
    let main = json!({
        "type": "application",
        "bom-ref": label.program,
        "name": label.program,
        "version": version,
        "hashes": [{ "alg": "SHA-256", "content": program.sha256 }],
    });
    let dependencies: Vec<Value> = program
        .crates
        .iter()
        .map(|one| {
            let uses = one.uses.iter().filter_map(|place| program.crates.get(*place));
            let uses: Vec<String> = uses.map(reference).collect();
            let own = if one.root { label.program.clone() } else { reference(one) };
            json!({ "ref": own, "dependsOn": uses })
        })
        .collect();
    let value = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": serial(&program.sha256),
        "version": 1,
        "metadata": {
            "tools": { "components": [{
                "type": "application", "name": "gatewright", "version": label.compiler,
            }] },
            "component": main,
        },
        "components": components,
        "dependencies": dependencies,
    });
    format!("{value:#}\n")
}

fn component(one: &Crate) -> Value {
    let mut value = json!({
        "type": "library",
        "bom-ref": reference(one),
        "name": one.name,
        "version": one.version,
        "scope": if one.build { "excluded" } else { "required" },
    });
    let Some(fields) = value.as_object_mut() else { return value };
    if let Some(checksum) = &one.checksum {
        fields.insert("hashes".into(), json!([{ "alg": "SHA-256", "content": checksum }]));
    }
    if let Some(license) = &one.license {
        // The form of older manifests, `MIT/Apache-2.0`, is no SPDX expression.
        let expression = license.replace('/', " OR ");
        fields.insert("licenses".into(), json!([{ "expression": expression }]));
    }
    if one.registry {
        fields.insert("purl".into(), reference(one).into());
    }
    value
}

/// `pkg:cargo/bytes@1.2.3`
fn reference(one: &Crate) -> String {
    format!("pkg:cargo/{}@{}", one.name, one.version.replace('+', "%2B"))
}

/// A UUID of version 8 (RFC 9562), whose bits are those of a digest.
fn serial(sha256: &str) -> String {
    let digit = |at: usize| sha256.as_bytes().get(at).map_or('0', |byte| char::from(*byte));
    let mut out = String::from("urn:uuid:");
    for at in 0..32 {
        if matches!(at, 8 | 12 | 16 | 20) {
            out.push('-');
        }
        out.push(match at {
            12 => '8',
            16 => char::from_digit(8 | digit(at).to_digit(16).unwrap_or(0) & 3, 16).unwrap_or('8'),
            _ => digit(at),
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::label::{Label, Texts};

    #[test]
    fn a_bill_names_every_crate_but_the_program_once() {
        let one = |name: &str, root: bool| Crate {
            name: name.into(),
            version: "1.0.0+x".into(),
            license: Some("MIT/Apache-2.0".into()),
            registry: !root,
            root,
            uses: if root { vec![0] } else { vec![] },
            ..Crate::default()
        };
        let program = Program {
            sha256: "0123456789abcdef".repeat(4),
            size: 1,
            is_static: true,
            label: Label { program: "shop-v1".into(), ..Label::default() },
            texts: Texts::default(),
            crates: vec![one("bytes", false), one("gateway", true)],
        };
        let bill: Value = serde_json::from_str(&cyclone_dx(&program)).unwrap();
        assert_eq!(bill["components"].as_array().unwrap().len(), 1);
        assert_eq!(bill["components"][0]["purl"], "pkg:cargo/bytes@1.0.0%2Bx");
        assert_eq!(bill["components"][0]["licenses"][0]["expression"], "MIT OR Apache-2.0");
        assert_eq!(bill["dependencies"][1]["ref"], "shop-v1");
        assert_eq!(bill["dependencies"][1]["dependsOn"][0], "pkg:cargo/bytes@1.0.0%2Bx");
        assert_eq!(bill["serialNumber"], "urn:uuid:01234567-89ab-8def-8123-456789abcdef");
    }
}
