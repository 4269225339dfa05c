{#
    Texts: width, white space, entities, words that say nothing. Macros take a SQL expression and give one; all but
    `clean_text` and `half_width` take clean text, which is what items are once `stage` has read them. A clean text stays
    as it is when it is cleaned again.
#}

{# Full-width letters and digits (GB 2312 row 3) to half-width. #}
{% macro half_width(x) -%}
    {%- set wide = '０１２３４５６７８９ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ' -%}
    {%- set narrow = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz' -%}
    {{ return("translate(" ~ x ~ ", '" ~ wide ~ "', '" ~ narrow ~ "')") }}
{%- endmacro %}

{#
    HTML entities back to their characters. A browser writes &#29724; for a character that the page's encoding does not
    have, so rare characters of names come that way. `&` is restored first, because a text that went through two web
    pages has &amp;lt;. An unknown name becomes a space: taken out, what stands beside it could make a new entity.
#}
{% macro without_entities(x) -%}
    {%- set named = {'nbsp': ' ', 'ensp': ' ', 'emsp': ' ', 'middot': '·', 'bull': '·', 'quot': '"', 'apos': "''", 'lt': '<', 'gt': '>', 'times': '×',
                     'ldquo': '“', 'rdquo': '”', 'lsquo': '‘', 'rsquo': '’', 'ndash': '–', 'mdash': '—', 'hellip': '…'} -%}
    {%- set steps = namespace(sql=numbered_characters(text_replaced(x, '&((amp|#0*38|#[xX]0*26);)+', '&'))) -%}
    {%- for name, character in named.items() -%}{%- set steps.sql = "replace(" ~ steps.sql ~ ", '&" ~ name ~ ";', '" ~ character ~ "')" -%}{%- endfor -%}
    {%- set rest = text_replaced(steps.sql, '&(#[0-9]+|#[xX][0-9a-fA-F]+|[a-zA-Z]+);', ' ') -%}
    {{ return("case when " ~ place_in(x, "'&'") ~ " > 0 then " ~ half_width(rest) ~ " else " ~ x ~ " end") }}
{%- endmacro %}

{# Texts that registers write where they have nothing to say. #}
{% macro says_nothing(x) -%}
    {{ return(x ~ " in ('', 'N/A', 'n/a', '#N/A', 'NA', 'NULL', 'null', 'Null', '(null)', '<null>', 'NONE', 'None', 'none', 'NIL', 'nan', 'NaN', 'undefined', '-', '--', '---', '----', '-----', '—', '——', '/', " ~ text_constant('\\N') ~ ", " ~ text_constant('\\n') ~ ", '无', '空', '不详', '未知', '暂无', '未填写')") }}
{%- endmacro %}

{# Characters that show as nothing at all (soft hyphen, zero width, direction marks), and those that show as white space. #}
{% macro _unseen() %}{{ return('\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff') }}{% endmacro %}
{% macro _white() %}{{ return('\u0080-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000') }}{% endmacro %}

{# A text as it may be published: half-width, no entities, no outer or doubled white space, no control characters. `x`: a column. #}
{% macro clean_text(x) -%}
    {%- set text = "cast(" ~ x ~ " as string)" -%}
    {%- set rare = '０-９Ａ-Ｚａ-ｚ&' ~ _unseen() -%}
    {%- set repaired = text_replaced("(" ~ without_entities(half_width(text)) ~ ")", '[' ~ _unseen() ~ ']', '') -%}
    {%- set seen = "case when " ~ text_has(text, '[' ~ rare ~ ']') ~ " then " ~ repaired ~ " else " ~ text ~ " end" -%}
    {%- set tidy = "trim(" ~ text_replaced(seen, '[\\x00-\\x20\\x7f' ~ _white() ~ ']+', ' ') ~ ")" -%}
    {{ return("case when " ~ text_has(text, '[\\x00-\\x1f\\x7f' ~ rare ~ _white() ~ ']|^ | $|  ') ~ " then " ~ with_value(tidy, "case when not " ~ says_nothing('_v') ~ " then _v end")
        ~ " when not " ~ says_nothing(text) ~ " then " ~ text ~ " end") }}
{%- endmacro %}

{#
    Whether any of the texts, side by side, needs `clean_text`: one look over a whole row, since most rows need none.
    What says nothing is looked for item by item: it is too common.
#}
{% macro untidy(texts) -%}
    {{ return(text_has(texts, '[\\x00-\\x1e\\x7f０-９Ａ-Ｚａ-ｚ&' ~ _unseen() ~ _white() ~ ']|(^|\\x1f) | (\\x1f|$)|  ')) }}
{%- endmacro %}

{# Chinese characters, with extension A and the rare ones beyond U+20000. #}
{% macro _han() %}{{ return('\u3400-\u9fff\U00020000-\U0003ffff') }}{% endmacro %}

{# No white space between Chinese characters: it is written without, and registers use it to fill names of two. #}
{% macro _closed_up(x) -%}
    {{ return("case when " ~ place_in(x, "' '") ~ " > 0 and " ~ text_has(x, '[' ~ _han() ~ ']') ~ " then replace(" ~ x ~ ", ' ', '') else " ~ x ~ " end") }}
{%- endmacro %}

{#
    Characters of names in their one code (GB 18030-2022): GBK had no Unicode for 80 characters and kept them in the private
    use area, so 䶮 comes as U+E863; texts out of PDF have radicals (U+2F00) for characters.
#}
{% macro _one_code(x) -%}
    {%- set made = namespace(others='') -%}
    {%- for code in (range(0xe815, 0xe865) | list) + (range(0x2f00, 0x2fd6) | list) -%}{%- set made.others = made.others ~ ('%c' | format(code)) -%}{%- endfor -%}
    {%- set gbk = '⺁𠂇𠂉𠃌⺄㑳㑇⺈⺋龴㖞㘚㘎⺌⺗㥮㤘龵㧏㧟㩳㧐龶龷㭎㱮㳠⺧𡗗龸⺪䁖䅟⺮䌷⺳⺶⺷𢦏䎱䎬⺻䏝䓖䙡䙌龹䜣䜩䝼䞍⻊䥇䥺䥽䦂䦃䦅䦆䦟䦛䦷䦶龺𤇾䲣䲟䲠䲡䱷䲢䴓䴔䴕䴖䴗䴘䴙䶮龻' -%}
    {%- set radicals = '一丨丶丿乙亅二亠人儿入八冂冖冫几凵刀力勹匕匚匸十卜卩厂厶又口囗土士夂夊夕大女子宀寸小尢尸屮山巛工己巾干幺广廴廾弋弓彐彡彳心戈戶手支攴文斗斤方无日'
        ~ '曰月木欠止歹殳毋比毛氏气水火爪父爻爿片牙牛犬玄玉瓜瓦甘生用田疋疒癶白皮皿目矛矢石示禸禾穴立竹米糸缶网羊羽老而耒耳聿肉臣自至臼舌舛舟艮色艸虍虫血行'
        ~ '衣襾見角言谷豆豕豸貝赤走足身車辛辰辵邑酉釆里金長門阜隶隹雨靑非面革韋韭音頁風飛食首香馬骨高髟鬥鬯鬲鬼魚鳥鹵鹿麥麻黃黍黑黹黽鼎鼓鼠鼻齊齒龍龜龠' -%}
    {%- set simplified = '⺠民⻁虎⻅见⻆角⻉贝⻋车⻓长⻔门⻘青⻙韦⻚页⻛风⻜飞⻢马⻣骨⻥鱼⻦鸟⻨麦⻩黄⻬齐⻮齿⻰龙⻳龟⺟母' -%}
    {{ return("translate(" ~ composed(x) ~ ", '" ~ made.others ~ simplified[::2] ~ "', '" ~ gbk ~ radicals ~ simplified[1::2] ~ "')") }}
{%- endmacro %}

{#
    姓名: {value, problem}. The middle dot of minority names (U+00B7) comes in many look-alikes. A digit in a name, or a
    character that only one office's computers know (private use), is for the office to look at; the name stays. `x`: a
    column; most names are asked one question.
#}
{% macro name_checked(x) -%}
    {%- set dots = '·•・．.‧･∙⋅●ㆍ﹒。｡' -%}
    {%- set others_han = '\u2e80-\u2fdf\ue815-\ue864\uf900-\ufaff' -%}
    {%- set other_codes = others_han ~ '\u0300-\u036f' -%}
    {%- set private = '\ue000-\ue814\ue865-\uf8ff\U000f0000-\U0010fffd' -%}
    {%- set known = "case when " ~ text_has(x, '[' ~ other_codes ~ ']') ~ " then " ~ _one_code(x) ~ " else " ~ x ~ " end" -%}
    {%- set dotted = "nullif(trim(both '·' from " ~ text_replaced("replace(" ~ known ~ ", ' ', '')", '[' ~ dots ~ ']+', '·') ~ "), '')" -%}
    {%- set name = "case when " ~ text_has(x, '[' ~ _han() ~ others_han ~ ']') ~ " then " ~ dotted ~ " else " ~ known ~ " end" -%}
    {%- set problem = "case when " ~ text_has(x, '[0-9]') ~ " then 'digits_in_name' when " ~ text_has(x, '[' ~ private ~ ']') ~ " then 'name_private_use' end" -%}
    {{ return("case when " ~ text_has(x, '[ 0-9' ~ dots ~ other_codes ~ private ~ ']') ~ " then " ~ struct_of([('value', name), ('problem', problem)])
        ~ " else " ~ struct_of([('value', x), ('problem', 'cast(null as string)')]) ~ " end") }}
{%- endmacro %}

{% macro clean_name(x) %}{{ return("(" ~ name_checked(x) ~ ").value") }}{% endmacro %}

{# 单位名称: as registered, with half-width brackets. #}
{% macro clean_organisation_name(x) -%}
    {%- set odd = place_in(x, "' '") ~ " > 0 or " ~ place_in(x, "'（'") ~ " > 0 or " ~ place_in(x, "'）'") ~ " > 0" -%}
    {{ return("case when " ~ odd ~ " then replace(replace(" ~ _closed_up(x) ~ ", '（', '('), '）', ')') else " ~ x ~ " end") }}
{%- endmacro %}

{# Letters and digits of a number: no white space, hyphens or quotes, upper case. #}
{% macro number_text(x) -%}
    {%- set letters = text_replaced("upper(" ~ x ~ ")", '[\\s\\-‐-―－−_"`‘’“”\\x27]', '') -%}
    {{ return("case when " ~ text_has(x, '[^0-9A-Z]') ~ " then " ~ letters ~ " else " ~ x ~ " end") }}
{%- endmacro %}

{#
    联系电话: 11 digits of a mobile, or area and number of a land line with its extension; null where it is neither. Of
    several numbers in one field the first counts. `x`: a column.
#}
{% macro phone(x) -%}
    {#- What ends the first number: a sign between several, or what leads to an extension. -#}
    {%- set first = text_found(x, '^[^/、,，;；|转]*') -%}
    {%- set tail = '([0-9]{7,8}) *(-+|转) *([0-9]{1,6})$' -%}
    {%- set extended = with_value(struct_of([('number', _phone_number(text_replaced(x, tail, '\\1'))), ('extension', text_replaced(text_found(x, tail), tail, '\\3'))]),
        "case when _v.number not like '1%' then _v.number || '-' || _v.extension else _v.number end") -%}
    {{ return("case when " ~ text_has(x, '^(1[3-9][0-9]{9}|(010|02[0-9])-[2-8][0-9]{7}|0[3-9][0-9]{2}-[2-8][0-9]{6,7})$') ~ " then " ~ x ~ " when " ~ x ~ " is not null then coalesce(case when "
        ~ text_has(x, tail) ~ " then " ~ extended ~ " end, " ~ _phone_number(x) ~ ", " ~ _phone_number(first) ~ ") end") }}
{%- endmacro %}

{# One number, whatever stands between its digits: without 86, with a hyphen behind the area (3 digits of 010 and 02x, else 4). #}
{% macro _phone_number(x) -%}
    {%- set steps = namespace(sql=text_replaced(x, '[^0-9]', '')) -%}
    {%- for pattern, replacement in [
        ('^(0086|86)(1[3-9][0-9]{9}|0[0-9]{9,11})$', '\\2'), ('^(0086|86)([2-9][0-9]{8,10}|10[0-9]{8})$', '0\\2'), ('^0(1[3-9][0-9]{9})$', '\\1'),
        ('^(010|02[0-9])([2-8][0-9]{7})$', '\\1-\\2'), ('^(0[3-9][0-9]{2})([2-8][0-9]{6,7})$', '\\1-\\2')
    ] -%}
        {%- set steps.sql = text_replaced(steps.sql, pattern, replacement) -%}
    {%- endfor -%}
    {{ return("nullif(" ~ text_found(steps.sql, '^(1[3-9][0-9]{9}|0[0-9]{2,3}-[0-9]{7,8}|[2-8][0-9]{6,7}|[48]00[0-9]{7})$') ~ ", '')") }}
{%- endmacro %}
