{#
    注册资本 in the notations of registers: 1,100(万元) · 61万人民币 · 8,825.6000(万元) · 500(万美元) · 3万元 · 200. A bare number
    counts 万, as the register's column does. The result is in units of the currency (ISO 4217).
#}

{% macro capital_amount(x) -%}
    {%- set number = cast_or_null(text_found('_v', '[0-9]+(\\.[0-9]+)?'), 'decimal(22, 6)') -%}
    {%- set unit = "case when " ~ text_has('_v', '亿') ~ " then 100000000 when " ~ text_has('_v', '万') ~ " then 10000 when "
        ~ text_has('_v', '元|人民币|港币|镑|法郎') ~ " then 1 else 10000 end" -%}
    {{ return(with_value("replace(replace(cast(" ~ x ~ " as varchar), ',', ''), '，', '')", "cast(" ~ number ~ " * " ~ unit ~ " as decimal(22, 2))")) }}
{%- endmacro %}

{# `kind`: a column with the currency's name or number, where the source has one. #}
{% macro capital_currency(x, kind=none) -%}
    {%- set by_text = _currency_in("cast(" ~ x ~ " as varchar)") -%}
    {%- set by_kind = _currency_in(kind) if kind else 'null' -%}
    {{ return("case when " ~ capital_amount(x) ~ " is not null then coalesce(" ~ by_kind ~ ", " ~ by_text ~ ", 'CNY') end") }}
{%- endmacro %}

{% macro _currency_in(x) -%}
    {%- set marks = {'USD': '美元|美金|USD|^840$', 'HKD': '港币|港元|HKD|^344$', 'EUR': '欧元|EUR|^978$', 'JPY': '日元|日圆|JPY|^392$',
                     'GBP': '英镑|GBP|^826$', 'KRW': '韩元|KRW|^410$', 'TWD': '台币|TWD|^901$', 'AUD': '澳元|澳大利亚元|AUD|^036$',
                     'CAD': '加元|加拿大元|CAD|^124$', 'SGD': '新加坡元|SGD|^702$', 'CHF': '瑞士法郎|CHF|^756$',
                     'CNY': '人民币|CNY|RMB|^156$'} -%}
    {%- set branches = [] -%}
    {%- for currency, pattern in marks.items() -%}{%- do branches.append("when " ~ text_has(x, pattern) ~ " then '" ~ currency ~ "'") -%}{%- endfor -%}
    {{ return("case " ~ branches | join(' ') ~ " end") }}
{%- endmacro %}
