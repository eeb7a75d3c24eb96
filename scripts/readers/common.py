"""What the readers of metrics share."""

import re


def samples(families):
    """The value of every sample of a body, by its name and labels. None may come twice."""
    found = {}
    for family in families:
        for sample in family.samples:
            key = sample.name, tuple(sorted(sample.labels.items()))
            assert key not in found, f"{key} comes twice"
            found[key] = sample.value
    return found


def verdict(out):
    """What the demo says that it did, where it has verified itself: the numbers of that line by their names."""
    said = re.search(r"(?m)^verified: (.+)$", out)
    assert said, f"the demo did not verify: {out}"
    return {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", said[1])}
