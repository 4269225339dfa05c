"""Marks of what is said of known persons (``linking.marks``): a build adds those of the records that it has staged."""


def model(dbt, session):
    dbt.config(materialized="incremental")
    from linking.from_claims import Claims, marks

    dbt.ref("int_population__claims")
    return marks(getattr(session, "_cursor", session), Claims.of_build("int_population__marks"))
