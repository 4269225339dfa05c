"""A clerk's decision, from the list of what is open to the run that obeys it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from installed import Node

from publishing.review import ReviewError, decide, handle, open_claims

NOBODY = "11010519491231002X"


def test_what_is_decided_is_linked_by_the_next_run_and_leaves_the_list(heavy: Node, tmp_path: Path) -> None:
    node = heavy.copy(tmp_path / "copy")
    claims = [c for c in open_claims(node.installation) if c["table_name"] == "population" and c["candidates"]]
    same, different = claims[:2]
    person = same["candidates"][0]["entity_id"]
    chosen = ("review", "decide", handle(same["claim_key"]), "same", handle(person), "--by", "clerk")
    assert f"claim {handle(same['claim_key'])} is same {handle(person)}" in node.call(*chosen).stdout
    for candidate in different["candidates"]:
        decide(node.installation, different["claim_key"], "different", candidate["entity_id"], "clerk")
    shown = {claim["claim"]: claim for claim in node.document("review")}
    assert shown[handle(same["claim_key"])]["decided"] == [f"same {handle(person)} (clerk)"]

    node.call("run")
    still = {claim["claim_key"] for claim in open_claims(node.installation)}
    assert same["claim_key"] not in still and different["claim_key"] not in still
    [spoken] = node.document(
        "query",
        f"select claim.entity_id as person, claim.reason as reason from "
        f"(select unnest(claims) as claim from disposition where resource = '{same['resource']}' "
        f"and batch = '{same['batch']}' and row = {same['row']}) where claim.role = '{same['role']}'",
    )
    assert spoken == {"person": person, "reason": "decided by a reviewer"}
    assert node.document("account")["balanced"] is True


def test_the_list_shows_no_number_and_no_key(heavy: Node) -> None:
    claims = open_claims(heavy.installation)
    listed = heavy.call("review", "--json").stdout
    assert len(json.loads(listed)) == len(claims) > 0
    for claim in claims:
        assert claim["claim_key"].split("|")[1] not in listed
        assert not any(candidate["entity_id"] in listed for candidate in claim["candidates"])


def test_what_cannot_be_decided_is_refused_with_a_remedy(heavy: Node) -> None:
    here = heavy.installation
    claims = open_claims(here)
    person = next(claim["claim_key"] for claim in claims if claim["table_name"] == "population")
    for arguments, words in (
        (("nothing", "different", None, "clerk"), "no claim of this name"),
        ((person, "same", NOBODY, "clerk"), "is known by this number"),
        ((person, "same", None, "clerk"), "same as whom"),
        ((person, "maybe", None, "clerk"), "no verdict"),
        ((person, "different", None, " "), "--by NAME"),
    ):
        with pytest.raises(ReviewError, match=words) as refused:
            decide(here, *arguments)
        assert "Remedy: " in str(refused.value) and NOBODY not in str(refused.value)
    assert not (here.data / "decisions").exists()
