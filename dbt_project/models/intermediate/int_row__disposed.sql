{{ config(materialized=passed_through(), post_hook="{{ keep_disposed() }}") }}

-- Every landed row once: its outcome, where its claims went, what kept them out (findings), and the defects that did
-- not (defects).
-- depends_on: {{ ref('int_population__links') }}, {{ ref('int_legal_entity__links') }}, {{ ref('int_certificate__links') }}, {{ ref('int_row__touched') }}

{{ over_resources(disposed_rows) }}
