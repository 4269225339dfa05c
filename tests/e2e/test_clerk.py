"""A clerk's decision, from the list of what is open to the run that obeys it; the run before is stopped by its gate."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import pytest
from installed import Node

from publishing.review import ReviewError, decide, handle, open_claims

NOBODY = "11010519491231002X"


@dataclass(frozen=True)
class Decided:
    """An installation in which a clerk has decided two claims, then a run whose gate stopped the population, then one
    with the gate as it is."""

    node: Node
    same: dict[str, Any]
    different: dict[str, Any]
    person: str
    said: str
    listed: dict[str, Any]
    stopped: str
    kept: bool
    published: str


@pytest.fixture(scope="module")
def decided(heavy: Node, tmp_path_factory: pytest.TempPathFactory) -> Decided:
    node = heavy.copy(tmp_path_factory.mktemp("clerk") / "copy")
    claims = [c for c in open_claims(node.installation) if c["table_name"] == "population" and c["candidates"]]
    same, different = claims[:2]
    person = same["candidates"][0]["entity_id"]
    said = node.call(
        "review",
        "decide",
        handle(node.installation, same["claim_key"]),
        "same",
        handle(node.installation, person),
        "--by",
        "clerk",
    ).stdout
    for candidate in different["candidates"]:
        decide(node.installation, different["claim_key"], "different", candidate["entity_id"], "clerk")
    listed = {claim["claim"]: claim for claim in node.document("review")}

    former, people = node.released(), node.rows("population")
    strict = "import expectations.plan; expectations.plan.VOLUME_BLOCK = 3.0  # three times the former rows, or nothing"
    stopped = node.call("run", code=1, patched=strict).stderr
    now = node.released()
    [seen] = node.document("query", "select count(*) as n from population")
    kept = (
        all(now[table] == former[table] for table in ("population", "legal_entity", "certificate"))
        and node.rows("population") == people
        and seen["n"] == len(people)
    )
    published = node.call("run").stdout
    assert node.released()["population"] > former["population"]
    return Decided(node, same, different, person, said, listed, stopped, kept, published)


def test_a_failed_gate_keeps_the_former_release(decided: Decided) -> None:
    assert re.search(r"failed: population: the gate stopped population: volume", decided.stopped)
    assert "The former releases stay" in decided.stopped
    assert decided.kept
    assert "tables published anew" in decided.published  # the gate as it is lets it pass


def test_what_is_decided_is_linked_by_the_next_run_and_leaves_the_list(decided: Decided) -> None:
    node, same, name = decided.node, decided.same, handle(decided.node.installation, decided.same["claim_key"])
    assert f"claim {name} is same {handle(node.installation, decided.person)}" in decided.said
    assert decided.listed[name]["decided"] == [f"same {handle(node.installation, decided.person)} (clerk)"]
    still = {claim["claim_key"] for claim in open_claims(node.installation)}
    assert same["claim_key"] not in still and decided.different["claim_key"] not in still
    [spoken] = node.document(
        "query",
        f"select claim.entity_id as person, claim.reason as reason from "
        f"(select unnest(claims) as claim from disposition where resource = '{same['resource']}' "
        f"and batch = '{same['batch']}' and row = {same['row']}) where claim.role = '{same['role']}'",
    )
    assert spoken == {"person": decided.person, "reason": "decided by a reviewer"}
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
