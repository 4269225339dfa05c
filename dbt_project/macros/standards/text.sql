{#
    Texts: width, white space, entities, words that say nothing. Every macro takes a SQL expression and gives one; the
    result is null where nothing was said.
#}

{# Full-width letters and digits (GB/T 1988 characters in GB 2312 row 3) to half-width. Most texts have none. #}
{% macro half_width(x) -%}
    {%- set wide = '０１２３４５６７８９ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ' -%}
    {%- set narrow = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz' -%}
    {{ return(with_value(x, "case when " ~ text_has('_v', '[０-９Ａ-Ｚａ-ｚ]') ~ " then translate(_v, '" ~ wide ~ "', '" ~ narrow ~ "') else _v end")) }}
{%- endmacro %}

{# HTML entities back to their characters; the unknown ones go. #}
{% macro without_entities(x) -%}
    {%- set named = {'&nbsp;': ' ', '&#160;': ' ', '&#12288;': ' ', '&middot;': '·', '&#183;': '·', '&quot;': '"', '&#34;': '"',
                     '&#39;': "''", '&lt;': '<', '&gt;': '>', '&amp;': '&'} -%}
    {%- set steps = namespace(sql='_v') -%}
    {%- for entity, character in named.items() -%}{%- set steps.sql = "replace(" ~ steps.sql ~ ", '" ~ entity ~ "', '" ~ character ~ "')" -%}{%- endfor -%}
    {%- set rest = text_replaced(steps.sql, '&(#[0-9]+|[a-zA-Z]+);', '') -%}
    {{ return(with_value(x, "case when " ~ place_in('_v', "'&'") ~ " > 0 then " ~ rest ~ " else _v end")) }}
{%- endmacro %}

{# Texts that registers write where they have nothing to say. #}
{% macro says_nothing(x) -%}
    {{ return("upper(" ~ x ~ ") in ('', 'N/A', 'NA', 'NULL', 'NONE', 'NIL', '-', '--', '---', '----', '—', '——', '/', '\\N', '无', '空', '不详', '未知')") }}
{%- endmacro %}

{# A text as it may be published: half-width, no entities, no outer or doubled white space, no control characters. #}
{% macro clean_text(x) -%}
    {%- set text = without_entities(half_width("cast(" ~ x ~ " as varchar)")) -%}
    {%- set untidy = '[\\s\\x00-\\x1f\\x7f\u3000\u00a0\u200b\ufeff]' -%}
    {%- set tidy = with_value(text, "case when " ~ text_has('_v', untidy) ~ " then trim(" ~ text_replaced('_v', untidy ~ '+', ' ') ~ ") else _v end") -%}
    {{ return(with_value(tidy, "case when not (" ~ says_nothing('_v') ~ ") then _v end")) }}
{%- endmacro %}

{# No white space at all: Chinese is written without, and registers use it to fill names of two characters. #}
{% macro _closed_up(x) -%}
    {{ return(with_value(x, "case when " ~ text_has('_v', '[\u4e00-\u9fff]') ~ " then replace(_v, ' ', '') else _v end")) }}
{%- endmacro %}

{# 姓名. The middle dot of minority names (间隔符, GB/T 40483 draft practice: U+00B7) comes in many look-alikes. #}
{% macro clean_name(x) -%}
    {%- set dots = '([\u3400-\u9fff])[•・．.‧･∙⋅]([\u3400-\u9fff])' -%}
    {{ return(with_value(_closed_up(clean_text(x)), "case when " ~ text_has('_v', dots) ~ " then "
        ~ text_replaced('_v', dots, '\\1·\\2') ~ " else _v end")) }}
{%- endmacro %}

{# 单位名称: as registered, with half-width brackets. #}
{% macro clean_organisation_name(x) -%}
    {{ return("translate(" ~ _closed_up(clean_text(x)) ~ ", '（）', '()')") }}
{%- endmacro %}

{# Letters and digits of a number: no white space, hyphens or quotes, half-width, upper case. Null where nothing is said. #}
{% macro number_text(x) -%}
    {%- set text = text_replaced("upper(" ~ half_width("cast(" ~ x ~ " as varchar)") ~ ")", '[\\s\u3000\u00a0\u200b\ufeff\\-—"`]', '') -%}
    {{ return(with_value(text, "case when not (" ~ says_nothing('_v') ~ ") then _v end")) }}
{%- endmacro %}

{# 联系电话: 11 digits of a mobile, or area-number of a land line; null where it is neither (rule phone_form). #}
{% macro phone(x) -%}
    {%- set digits = text_replaced(half_width("cast(" ~ x ~ " as varchar)"), '[^0-9]', '') -%}
    {%- set national = text_replaced(digits, '^(0086|86)(1[0-9]{10}|0[0-9]{9,11})$', '\\2') -%}
    {{ return(with_value(national,
        "case when " ~ text_has('_v', '^1[3-9][0-9]{9}$') ~ " then _v "
        ~ "when " ~ text_has('_v', '^(010|02[0-9])[0-9]{8}$') ~ " then substr(_v, 1, 3) || '-' || substr(_v, 4) "
        ~ "when " ~ text_has('_v', '^0[3-9][0-9]{2}[0-9]{7,8}$') ~ " then substr(_v, 1, 4) || '-' || substr(_v, 5) "
        ~ "when " ~ text_has('_v', '^[2-8][0-9]{6,7}$') ~ " then _v "
        ~ "when " ~ text_has('_v', '^[48]00[0-9]{7}$') ~ " then _v end")) }}
{%- endmacro %}
