"""Claims on persons without a usable identity number, each with the person it means, or why there is none.

The weighing is the room ``linking`` (Splink, declared weights); here claims become its two relations and its answer
becomes links. Claims that mean nobody who is known, but say enough, make a person of their own (U and a hash).
"""


def model(dbt, session):
    dbt.config(materialized="table")
    from linking.from_claims import Claims, links

    dbt.ref("int_population__claims")
    dbt.ref("int_population__former_claims")
    dbt.ref("int_population__loose")
    dbt.ref("int_population__marks")
    # Splink wants the connection itself, not what dbt wraps around it.
    return links(getattr(session, "_cursor", session), Claims.of_build("int_population__links"))
