-- Landed rows that this build has to judge again; empty in a full build, where all are.
-- depends_on: {{ ref('int_population__links') }}, {{ ref('int_legal_entity__links') }}, {{ ref('int_certificate__links') }}

{{ touched_rows() }}
