"""Claims on persons without a usable identity number, in the shape that the room ``linking`` takes."""


def model(dbt, session):
    dbt.config(materialized="incremental")
    from linking.from_claims import Claims, loose

    dbt.ref("int_population__claims")
    dbt.ref("int_population__former_claims")
    return loose(getattr(session, "_cursor", session), Claims.of_build("int_population__loose"))
