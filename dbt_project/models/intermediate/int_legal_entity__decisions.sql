-- What reviewers decided of claims on legal entities: the last word on each pair, and of those that a claim was found to be
-- the same as, the last. A claim is different from a null: from all that are known.

{%- set file = inputs().decisions.get('legal_entity') if execute else none %}

with taken_down as (
    {% if file -%}
    select claim_key, credit_code, verdict, cast({{ item('at') }} as timestamp) as decided_at
    from ({{ read_csv_file(file) }}) as decisions
    where verdict = 'different' or (verdict = 'same' and credit_code is not null)
    {%- else -%}
    select cast(null as string) as claim_key, cast(null as string) as credit_code, cast(null as string) as verdict, cast(null as timestamp) as decided_at
    where false
    {%- endif %}
),

last_words as (
    select
        *,
        row_number() over (partition by claim_key, credit_code order by decided_at desc, verdict desc) as place
    from taken_down
),

in_order as (
    select
        claim_key,
        credit_code,
        verdict,
        row_number() over (partition by claim_key, verdict order by decided_at desc, credit_code desc) as place
    from last_words
    where place = 1
)

select claim_key, credit_code, verdict
from in_order
where verdict = 'different' or place = 1
