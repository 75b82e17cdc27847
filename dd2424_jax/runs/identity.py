"""What a run is known by: a mapping of JSON, its short name, and in what two of them differ."""

import hashlib
import json
from collections.abc import Iterator, Mapping


def digest(identity: Mapping) -> str:
    """A short name: the same for the same numbers, whatever their order."""
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:10]


def plain(identity: Mapping) -> dict:
    """As JSON gives it back."""
    return json.loads(json.dumps(identity))


def differences(there: Mapping, here: Mapping) -> str:
    """What two identities have that is not the same, by names such as config.n_batch."""
    there, here = dict(_leaves(there)), dict(_leaves(here))
    keys = [key for key in {**there, **here} if there.get(key) != here.get(key)]
    return ", ".join(f"{key}={there.get(key)} there, {here.get(key)} here" for key in keys)


def _leaves(identity: Mapping, prefix: str = "") -> Iterator[tuple[str, object]]:
    for key, value in identity.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value
