"""Valid numbers of persons that are doubtful all the same, and why; the room ``linking`` finds them."""


def model(dbt, session):
    dbt.config(materialized="table")
    from linking.from_claims import Claims, suspicions

    dbt.ref("int_population__claims")
    dbt.ref("int_population__former_claims")
    dbt.ref("int_population__marks")
    return suspicions(getattr(session, "_cursor", session), Claims.of_build("int_population__suspicions"))
