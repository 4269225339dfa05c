{#
    注册资本 in the notations of registers: 1,100(万元) · 61万人民币 · 8,825.6000(万元) · 500(万美元) · 3万元 · 200. A bare number
    counts 万, as the register's column does. The result is in units of the currency (ISO 4217, numbers as in GB/T 12406).
#}

{#
    `x`: a column. Null where there is no number, or where the text has words that are neither unit nor known currency.
    Exact to the cent below ten million million. (A product of decimals raises an error where the digits do not suffice,
    and every register has twelve digits in a row that are no capital.)
#}
{% macro capital_amount(x) -%}
    {{ return("case when " ~ _capital_known(x) ~ " then " ~ cast_or_null("cast(" ~ _capital_number(x) ~ " as double) * " ~ _capital_unit(x), 'decimal(22, 2)') ~ " end") }}
{%- endmacro %}

{# `kind`: a column with the currency's name or number, where the source has one. #}
{% macro capital_currency(x, kind=none) -%}
    {%- set by_text = "case when " ~ text_has(_text_of(x), '[^0-9,，.万亿千百十元人民币圆整()（） ]') ~ " then " ~ _currency_in(_text_of(x)) ~ " end" -%}
    {%- set by_kind = _currency_in(_text_of(kind)) if kind else 'null' -%}
    {{ return("case when " ~ _capital_number(x) ~ " is not null and " ~ _capital_known(x) ~ " then coalesce(" ~ by_kind ~ ", " ~ by_text ~ ", 'CNY') end") }}
{%- endmacro %}

{% macro _text_of(x) %}{{ return("cast(" ~ x ~ " as string)") }}{% endmacro %}

{% macro _capital_number(x) -%}
    {{ return(cast_or_null(text_found("replace(replace(" ~ _text_of(x) ~ ", ',', ''), '，', '')", '[0-9]+(\\.[0-9]+)?'), 'decimal(18, 6)')) }}
{%- endmacro %}

{% macro _capital_unit(x) -%}
    {%- set t = _text_of(x) -%}
    {%- set units = {'万亿': 1000000000000, '亿': 100000000, '千万': 10000000, '百万': 1000000, '万': 10000} -%}
    {%- set branches = [] -%}
    {%- for unit, number in units.items() -%}{%- do branches.append("when " ~ place_in(t, "'" ~ unit ~ "'") ~ " > 0 then " ~ number) -%}{%- endfor -%}
    {{ return("case " ~ branches | join(' ') ~ " when " ~ text_has(t, '[0-9] ?千') ~ " then 1000 when " ~ text_has(t, '[元圆币镑铢]|马克|法郎|克朗|林吉特|卢布|[A-Z]{3}') ~ " then 1 else 10000 end") }}
{%- endmacro %}

{# Digits, units and currencies, and no other word (a remark, another column's text). #}
{% macro _capital_known(x) -%}
    {%- set words = _currencies().values() | join('|') -%}
    {{ return("case when " ~ text_has(_text_of(x), '[^0-9,，.万亿千百十元人民币圆整()（） ]') ~ " then not " ~ text_has(text_replaced(_text_of(x), '(' ~ words ~ ')(现金|元)?', ''), '[^0-9,，.万亿千百十元圆整币()（）约共计 ]') ~ " else true end") }}
{%- endmacro %}

{% macro _currencies() -%}
    {{ return({'USD': '美元|美金|USD|^840$', 'HKD': '香港元|港币|港元|HKD|^344$', 'EUR': '欧元|EUR|^978$', 'JPY': '日元|日圆|JPY|^392$',
               'GBP': '英镑|GBP|^826$', 'KRW': '韩国元|韩元|韩币|KRW|^410$', 'TWD': '新台币|台币|TWD|^901$', 'AUD': '澳大利亚元|澳元|AUD|^0?36$',
               'CAD': '加拿大元|加元|CAD|^124$', 'SGD': '新加坡元|SGD|^702$', 'CHF': '瑞士法郎|CHF|^756$', 'MOP': '澳门元|澳门币|MOP|^446$',
               'DEM': '德国马克|马克|DEM|^280$', 'SEK': '瑞典克朗|SEK|^752$', 'DKK': '丹麦克朗|DKK|^208$', 'NOK': '挪威克朗|NOK|^578$',
               'NZD': '新西兰元|NZD|^554$', 'THB': '泰国铢|泰铢|THB|^764$', 'MYR': '马来西亚林吉特|林吉特|MYR|^458$', 'RUB': '俄罗斯卢布|卢布|RUB|^643$',
               'CNY': '人民币|CNY|RMB|^156$'}) }}
{%- endmacro %}

{% macro _currency_in(x) -%}
    {%- set branches = [] -%}
    {%- for currency, pattern in _currencies().items() -%}{%- do branches.append("when " ~ text_has(x, pattern) ~ " then '" ~ currency ~ "'") -%}{%- endfor -%}
    {{ return("case " ~ branches | join(' ') ~ " end") }}
{%- endmacro %}
