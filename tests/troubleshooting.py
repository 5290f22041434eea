#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whether leat still says what docs/troubleshooting.md explains: every text in the first column of its tables, between backticks,
must occur in the sources. `…` stands for what differs from case to case; what clients say stands in *italics*, and is theirs."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
HTTP = ROOT / "broker" / "http"
PIECE_MIN = 5  # shorter ones occur by chance


def sources():
    """All text of the sources, with literals that stand side by side joined as the compiler joins them."""
    files = [file for room in ("broker", "wal", "schemas") for file in (ROOT / room).rglob("*") if file.suffix in (".cc", ".h")]
    text = "\n".join(file.read_text() for file in files)
    return re.sub(r'"\s*\n\s*"', "", text).replace('\\"', '"')


def explained(page):
    """The texts to look for, with the section that each is in."""
    section = ""
    for line in page.splitlines():
        if line.startswith("## "):
            section = line[3:]
        if line.startswith("| ") and not line.startswith("| ---"):
            for text in re.findall(r"`([^`]+)`", line.split(" | ")[0]):
                yield section, text


def missing(text, source):
    pieces = [piece.strip(" :'\"(.)") for piece in text.split("…")]
    return [piece for piece in pieces if len(piece) >= PIECE_MIN and piece not in source]


def main():
    source = sources()
    page = (ROOT / "docs" / "troubleshooting.md").read_text()
    texts = [(section, text) for section, text in explained(page) if section != "HTTP" or HTTP.is_dir()]
    stale = [f"{section}: `{text}`: no '{piece}' in the sources" for section, text in texts for piece in missing(text, source)]
    assert len(texts) > 40, "the tables are not where this looks for them"
    assert missing("this text is nobody's", source), "everything is found: the test tests nothing"
    print("\n".join(stale) or f"{len(texts)} texts are as the sources have them")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
