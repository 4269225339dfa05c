-- Beside what sources say: the name that a register's record bore before, and the parent whose name a branch bears.

with survivors as (
    {{ survivors('legal_entity', claims_to_merge('legal_entity')) }}
)

select
    {{ surviving_columns('legal_entity', instead={
        'former_name': "case when survivors.former_name is not null then nullif(survivors.former_name, " ~ none_of('varchar')
            ~ ") when former.name = survivors.name then former.name_before else former.name end",
        'former_name__order': "coalesce(former_name__order, case when former.name = survivors.name then former._order_before else former._order end)",
        'parent_credit_code': "case when survivors.parent_credit_code is not null then nullif(survivors.parent_credit_code, " ~ none_of('varchar')
            ~ ") else parents.credit_code end",
        'parent_credit_code__order': "coalesce(parent_credit_code__order, case when parents.credit_code is not null then name__order end)",
    }) }}
from survivors
left join {{ ref('int_legal_entity__former_names') }} as former on survivors.credit_code = former.credit_code
left join {{ ref('int_legal_entity__parents') }} as parents
    on {{ parent_name_in('survivors.name') }} = parents.name and survivors.credit_code <> parents.credit_code
