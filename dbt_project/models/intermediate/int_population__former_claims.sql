{{ config(materialized=passed_through()) }}

-- What the records that this build has staged again said before: empty in a full build.

{{ claims_on('population', former=true) }}
