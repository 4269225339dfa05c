"""Valid numbers of persons that are doubtful all the same, and why; the room ``linking`` finds them."""


def model(dbt, session):
    dbt.config(materialized="table")
    from linking.from_claims import suspicions

    dbt.ref("int_population__claims")
    return suspicions(getattr(session, "_cursor", session), "intermediate.int_population__claims")
