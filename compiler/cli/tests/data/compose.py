# Reads a file for Compose, and says what is wrong with it by the schema of its specification.
import json
import sys

import jsonschema
import yaml

schema = json.load(open(sys.argv[1]))
# Came to the specification after the schema that packages have.
schema["properties"]["name"] = {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]*$"}
jsonschema.validate(yaml.safe_load(sys.stdin), schema)
