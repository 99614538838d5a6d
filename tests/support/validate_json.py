#!/usr/bin/env python3
"""Says what of JSON documents a JSON Schema does not allow.

    validate_json.py [--described] SCHEMA DOCUMENT...

One line for each thing, with the document, a JSON pointer to the place and what is wrong there. With --described a key that
the schema does not name is wrong too, although it lets later versions add some. The exit status is 0 if all is right, 1 if
something is not, and 2 if the schema itself is no JSON Schema.
"""

import argparse
import json
import sys

import jsonschema


def forbid_other_keys(schema):
    """Allows an object no key but those that the schema names, wherever it names some."""
    if isinstance(schema, list):
        for part in schema:
            forbid_other_keys(part)
        return
    if not isinstance(schema, dict):
        return
    for keyword, part in schema.items():
        # Conditions name some keys of an object that is described beside them.
        if keyword in ("if", "then", "else", "oneOf"):
            continue
        # Below these keywords stand names, not keywords.
        forbid_other_keys(list(part.values()) if keyword in ("properties", "$defs") else part)
    if isinstance(schema.get("properties"), dict):
        schema["additionalProperties"] = False


def refuse_constant(name):
    raise ValueError(f"{name} is not JSON")


def read(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file, parse_constant=refuse_constant)


def complaints(validator, path):
    try:
        document = read(path)
    except ValueError as error:
        yield f"is no JSON: {error}"
        return
    for error in validator.iter_errors(document):
        place = "".join(f"/{str(key).replace('~', '~0').replace('/', '~1')}" for key in error.absolute_path)
        yield f"{place or '/'}: {error.message[:300]}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--described", action="store_true")
    parser.add_argument("schema")
    parser.add_argument("documents", nargs="+")
    arguments = parser.parse_args()
    schema = read(arguments.schema)
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        print(f"{arguments.schema}: is no JSON Schema: {error.message}", file=sys.stderr)
        return 2
    if arguments.described:
        forbid_other_keys(schema)
    validator = jsonschema.Draft202012Validator(schema)
    found = False
    for path in arguments.documents:
        for complaint in complaints(validator, path):
            found = True
            print(f"{path}: {complaint}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
