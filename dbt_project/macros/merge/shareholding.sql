{#
    Who holds an enterprise, said by rows of the register shareholder_registration. Its resources claim in three roles:
    enterprise, shareholder (a person) and corporate_shareholder; and stage capital_amount, capital_currency and
    contribution_date beside them.
#}

{# All holdings, one branch for each resource of the register. #}
{% macro holdings() -%}
    {%- for model in staged_models() -%}{%- do ref(model) -%}{%- endfor -%}
    {%- if not execute -%}{{ return('select 1 as parsing') }}{%- endif -%}
    {%- set branches = [] -%}
    {%- for model in staged_models() -%}
        {%- set resource = staged_resource(model) -%}
        {%- set node = source_node(resource[0], resource[1]) -%}
        {%- if meta_of(node).get('register', node.name) == 'shareholder_registration' -%}{%- do branches.append(held_by(model)) -%}{%- endif -%}
    {%- endfor -%}
    {{ return(branches | join('\n\nunion all\n\n') or no_holding()) }}
{%- endmacro %}

{% macro held_by(model) -%}
    {%- set roles = row_roles(model) -%}
    {%- set of = {} -%}
    {%- for role in roles -%}{%- do of.update({role.role: role}) -%}{%- endfor -%}
select
    {{ of.enterprise.entity }} as credit_code,
    case when {{ of.shareholder.speaks }} then 'person' else 'legal_entity' end as shareholder_kind,
    case when {{ of.shareholder.speaks }} then {{ of.shareholder.entity }} else {{ of.corporate_shareholder.entity }} end as shareholder_id,
    coalesce(staged.shareholder_name, staged.corporate_shareholder_name) as shareholder_name,
    staged.capital_amount,
    staged.capital_currency,
    staged.contribution_date,
    staged._resource,
    staged._batch,
    staged._row,
    staged._recorded_at
{{ with_links(ref(model), model, roles) }}
where
    {{ of.enterprise.entity }} is not null
    and ({{ of.shareholder.speaks }} or {{ of.corporate_shareholder.speaks }})
{%- endmacro %}

{% macro no_holding() -%}
select
    cast(null as string) as credit_code,
    cast(null as string) as shareholder_kind,
    cast(null as string) as shareholder_id,
    cast(null as string) as shareholder_name,
    cast(null as {{ type_of('decimal(22,2)') }}) as capital_amount,
    cast(null as string) as capital_currency,
    cast(null as date) as contribution_date,
    cast(null as string) as _resource,
    cast(null as string) as _batch,
    cast(null as bigint) as _row,
    cast(null as timestamp) as _recorded_at
where false
{%- endmacro %}
