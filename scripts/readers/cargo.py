"""Picks out of what cargo says in JSON what the scripts need, and prints it, a line for each.

cargo.py tests          of the messages of `cargo test --no-run` on standard input: name, path and folder of every
                        test binary, parted by tabs. The folder is the one that cargo would start it in.
cargo.py published      of `cargo metadata` on standard input: name, version and oldest compiler of every package that
                        is not kept from being published, whether docs.rs is told to build all features and to say
                        which an item needs, and the folder
"""

import json
import os
import sys


def tests(lines):
    for message in map(json.loads, lines):
        if message["reason"] == "compiler-artifact" and message["executable"] and message["profile"]["test"]:
            folder = os.path.dirname(message["manifest_path"])
            package = os.path.basename(folder)
            print(f"{package}-{message['target']['name']}", message["executable"], folder, sep="\t")


def published(metadata):
    for package in json.load(metadata)["packages"]:
        if package["publish"] is None:
            docs = ((package["metadata"] or {}).get("docs") or {}).get("rs") or {}
            told = docs.get("all-features") is True and docs.get("rustdoc-args") == ["--cfg", "docsrs"]
            folder = os.path.dirname(package["manifest_path"])
            print(package["name"], package["version"], package["rust_version"], told, folder)


{"tests": tests, "published": published}[sys.argv[1]](sys.stdin)
