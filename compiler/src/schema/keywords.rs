//! The words of JSON Schema (draft 2020-12): which of them ask something, and which only describe.

/// Words that describe, and refuse no value. `format` is one by the standard: a pattern says more.
pub(super) const DESCRIBING: [&str; 14] = [
    "$schema",
    "$id",
    "$comment",
    "title",
    "description",
    "default",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
    "format",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
];

/// Words that hold schemas to refer to.
pub(super) const HOLDING: [&str; 2] = ["$defs", "definitions"];

/// Words that are compiled.
pub(super) const ASKING: [&str; 36] = [
    "$ref",
    "type",
    "enum",
    "const",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "uniqueItems",
    "prefixItems",
    "items",
    "contains",
    "minContains",
    "maxContains",
    "minProperties",
    "maxProperties",
    "required",
    "dependentRequired",
    "dependentSchemas",
    "properties",
    "patternProperties",
    "additionalProperties",
    "propertyNames",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
];

/// Words that are not compiled, each with what to write instead.
pub(super) const REFUSED: [(&str, &str); 14] = [
    ("unevaluatedProperties", "name the members in one schema, and write `additionalProperties`"),
    ("unevaluatedItems", "name the elements in one schema, and write `items`"),
    ("$dynamicRef", "write `$ref` to the schema that is meant"),
    ("$dynamicAnchor", "write `$ref` to the schema that is meant"),
    ("$recursiveRef", "write `\"$ref\": \"#\"`"),
    ("$recursiveAnchor", "write `\"$ref\": \"#\"`"),
    ("$anchor", "refer to it by its place: `\"$ref\": \"#/$defs/name\"`"),
    ("$vocabulary", "it belongs into the description of a dialect"),
    ("dependencies", "write `dependentRequired` or `dependentSchemas`"),
    ("additionalItems", "write `prefixItems` for the first elements, and `items` for the others"),
    ("extends", "write `allOf`"),
    ("divisibleBy", "write `multipleOf`"),
    ("disallow", "write `not`"),
    ("id", "write `$id`"),
];
