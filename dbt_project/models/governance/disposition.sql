{{ config(pre_hook="{{ forget_touched_rows() }}") }}

select
    resource,
    batch,
    {{ item('row') }},
    record_key,
    outcome,
    {{ reasons_of('outcome', 'findings') }} as reasons,
    claims
from {{ rows_to_dispose() }}
