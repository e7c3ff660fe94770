"""Expands names and documents with pyld, to compare another reading of JSON-LD with.

Reads one JSON object from standard input and writes one to standard output:
    core       the core @context of NGSI-LD
    documents  the @contexts that may be referred to, by URL; no other is loaded
    cases      each with a context, the names to expand under it, and perhaps a document

Each answer holds what every name stands for, what the context says about every term, the tree of the document's
expanded names, or the code of the error, or what pyld itself failed at.

NGSI-LD deviates from JSON-LD (ETSI GS CIM 009 §4.4): the core context is always there, as if it stood last, and
cannot be overridden, and terms may be defined through it. Here that is said in JSON-LD: the core stands last as it is
published, and before that first, not protected, so that its vocabulary and prefixes are there.
"""

import copy
import json
import sys
import warnings

from pyld import jsonld
from pyld.context_resolver import ContextResolver


def main():
    # Reserved names are passed over, which is what is compared.
    warnings.simplefilter("ignore")
    request = json.load(sys.stdin)
    first = {name: value for name, value in request["core"].items() if name != "@protected"}
    answers = [answer(case, first, request["core"], loader(request["documents"])) for case in request["cases"]]
    json.dump(answers, sys.stdout)


def loader(documents):
    def load(url, _options):
        if url not in documents:
            raise jsonld.JsonLdError("no such document", "jsonld.LoadDocumentError", {"url": url},
                                     code="loading document failed")
        # pyld writes into the documents that it is given.
        document = {"@context": copy.deepcopy(documents[url])}
        return {"contextUrl": None, "documentUrl": url, "contentType": "application/ld+json", "document": document}
    return load


def answer(case, first, last, load):
    given = case["context"]
    given = given if isinstance(given, list) else [given]
    # What null takes away, the core is not part of.
    given = [part for item in given for part in ([None, first] if item is None else [item])]
    context = [first, *given, last]
    try:
        active, processor = resolved(context, load)
        found = {
            "names": {name: processor._expand_iri(active, name, vocab=True) for name in case["names"]},
            "terms": {name: term(mapping) for name, mapping in active["mappings"].items()},
        }
    except jsonld.JsonLdError as error:
        return {"error": error.code or str(error)}
    except Exception as error:
        # pyld itself falls over some contexts, such as one that takes back what was never set.
        return {"crash": repr(error)}
    if "document" in case:
        try:
            found["tree"] = expanded({**case["document"], "@context": context}, load)
        except Exception as error:
            found["crash"] = repr(error)
    return found


def resolved(context, load):
    processor = jsonld.JsonLdProcessor()
    # A cache of its own for each case: pyld keeps what it has loaded under the URL alone.
    options = {
        "processingMode": "json-ld-1.1",
        "base": "",
        "documentLoader": load,
        "contextResolver": ContextResolver({}, load),
    }
    initial = processor._get_initial_context(options)
    return processor.process_context(initial, context, options), processor


def term(mapping):
    return {
        "iri": mapping.get("@id"),
        "type": mapping.get("@type"),
        "container": sorted(mapping.get("@container", [])),
        "prefix": mapping["_prefix"],
    }


def expanded(document, load):
    jsonld._resolved_context_cache.clear()
    return tree(jsonld.expand(document, {"documentLoader": load, "processingMode": "json-ld-1.1"}))


def tree(values):
    """The names within values: properties with the trees of their values, types, and data types."""
    found = {}
    for value in values:
        if not isinstance(value, dict):
            continue
        if "@value" in value:
            if "@type" in value:
                found["^^" + value["@type"]] = {}
            continue
        for name, within in value.items():
            if name == "@type":
                found.update({"a " + type_name: {} for type_name in within})
            elif name in ("@list", "@set"):
                merge(found, tree(within))
            elif not name.startswith("@"):
                merge(found.setdefault(name, {}), tree(within))
    return found


def merge(into, other):
    for name, within in other.items():
        merge(into.setdefault(name, {}), within)


main()
