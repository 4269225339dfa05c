-- What cleaning needs, as functions. A usual text costs one look; only what is odd is repaired.

create macro coded(x, code_table) as getvariable(code_table)[x];


create macro said(x) as
    case when x not in ('', 'N/A', 'n/a', 'NULL', 'null', '-', '--', '---', '----', '-----', '/', '\N', '\n', '无', '空', '不详', '未知', '暂无') then x end;

create macro repaired(x) as
    trim(regexp_replace(
        translate(
            replace(replace(x, '&nbsp;', ' '), '&#12288;', ' '),
            '０１２３４５６７８９ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ',
            '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
        ),
        '[\x00-\x20\x7f-\x{a0}\x{3000}]+', ' ', 'g'
    ));

create macro tidy(x) as
    case
        when regexp_matches(x, '[\x00-\x1f\x7f-\x{a0}\x{3000}０-９Ａ-Ｚａ-ｚ&]|^ | $|  ') then said(repaired(x))
        else said(x)
    end;

-- Letters and digits of a number.
create macro compact(x) as
    case when regexp_matches(x, '[^0-9A-Z]') then regexp_replace(upper(x), '[\s\-_"`‘’“”'']', '', 'g') else x end;

-- GB 11643: ISO 7064 MOD 11-2 over the first seventeen digits; 48 is the code of the character 0, 100 the sum of weights.
create macro id_check(n) as
    substr('10X98765432', (
        7 * ascii(n) + 9 * ascii(n[2]) + 10 * ascii(n[3]) + 5 * ascii(n[4]) + 8 * ascii(n[5]) + 4 * ascii(n[6])
        + 2 * ascii(n[7]) + ascii(n[8]) + 6 * ascii(n[9]) + 3 * ascii(n[10]) + 7 * ascii(n[11]) + 9 * ascii(n[12])
        + 10 * ascii(n[13]) + 5 * ascii(n[14]) + 8 * ascii(n[15]) + 4 * ascii(n[16]) + 2 * ascii(n[17]) - 100 * 48
    ) % 11 + 1, 1);

-- Fifteen digits have neither century nor check digit; 996 to 999 were kept for people born before 1900. A macro repeats
-- its argument, a lambda computes it once.
create macro of_18_digits(n) as
    case
        when length(n) = 15 and regexp_matches(n, '^[1-9][0-9]{14}$') then list_transform(
            [n[1:6] || case when n[13:15] in ('996', '997', '998', '999') then '18' else '19' end || n[7:]],
            lambda m: m || id_check(m)
        )[1]
        else n
    end;

create macro valid_id(n) as
    case
        when
            length(n) = 18 and regexp_matches(n, '^[1-9][0-9]{16}[0-9X]$')
            and try_strptime(n[7:14], '%Y%m%d') between date '1850-01-01' and current_date
            and id_check(n) = n[18]
            then n
    end;

create macro id_number(x) as list_transform([of_18_digits(compact(x))], lambda m: valid_id(m))[1];

-- GB 32100: the weighted sum over 31 characters is a multiple of 31.
create macro credit_place(n, i) as instr('0123456789ABCDEFGHJKLMNPQRTUWXY', n[i]) - 1;

create macro valid_credit_code(n) as
    case
        when
            length(n) = 18 and regexp_matches(n, '^[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}$')
            and (
                credit_place(n, 1) + 3 * credit_place(n, 2) + 9 * credit_place(n, 3) + 27 * credit_place(n, 4)
                + 19 * credit_place(n, 5) + 26 * credit_place(n, 6) + 16 * credit_place(n, 7) + 17 * credit_place(n, 8)
                + 20 * credit_place(n, 9) + 29 * credit_place(n, 10) + 25 * credit_place(n, 11) + 13 * credit_place(n, 12)
                + 8 * credit_place(n, 13) + 24 * credit_place(n, 14) + 10 * credit_place(n, 15) + 30 * credit_place(n, 16)
                + 28 * credit_place(n, 17) + credit_place(n, 18)
            ) % 31 = 0
            then n
    end;

create macro credit_code(x) as list_transform([compact(x)], lambda m: valid_credit_code(m))[1];

create macro if_of_15(n) as case when length(n) = 15 then n end;

create macro between_1800_and_2200(d) as case when d between date '1800-01-01' and date '2199-12-31' then d end;

create macro date_of(x) as
    between_1800_and_2200(coalesce(
        case length(x) when 10 then try_cast(x as date) when 8 then cast(try_strptime(x, '%Y%m%d') as date) end,
        case
            when regexp_matches(x, '^[0-9]{5}$') then date '1899-12-30' + cast(x as integer)
            else try_cast(regexp_replace(x, '^([0-9]{4})[-/.．年]([0-9]{1,2})[-/.．月]([0-9]{1,2})(日|[ T].*)?$', '\1-\2-\3') as date)
        end
    ));

create macro moment(x) as
    case when length(x) = 19 then try_cast(x as timestamp) else cast(date_of(x) as timestamp) end;

-- The last day of an identity card by the age of its holder (居民身份证法 art. 5), 9999-12-31 without end.
create macro card_end(born, since) as
    case
        when born is null or since < born then null
        when date_sub('year', born, since) >= 46 then date '9999-12-31'
        else cast(since + to_years(case when date_sub('year', born, since) < 16 then 5 when date_sub('year', born, since) < 26 then 10 else 20 end) as date)
    end;

create macro industry(x) as coded(regexp_replace(upper(x), '^([A-T]?[0-9]{2})[0-9]{1,2}$', '\1'), 'industry');

-- A licence's status, a certificate's code.
create macro status_by_registration(x) as case when x = '1' then '11' when x is not null then '5' end;

-- ISO 7064 MOD 37,36.
create macro doubled_37(p) as case p when 0 then 36 else p end * 2 % 37;

create macro check_37_36(x) as
    substr('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', (37 - doubled_37(
        list_reduce(
            list_transform(string_split(x, ''), lambda c: instr('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', c) - 1),
            lambda p, place: (doubled_37(p) + place) % 36, 18
        )
    )) % 36 + 1, 1);

-- "None", said by a source, is '' or 9999-12-31: it wins over older values and is published as null.
create macro last_day(x) as
    coalesce(date_of(x), case when regexp_matches(x, '^(长期|永久|9999)') then date '9999-12-31' end);

create macro person_name(x) as
    case
        when regexp_matches(x, '[ •・．.‧]') and regexp_matches(x, '[\x{3400}-\x{9fff}\x{20000}-\x{3ffff}]')
            then trim(regexp_replace(replace(x, ' ', ''), '[•・．.‧·]+', '·', 'g'), '·')
        else x
    end;

create macro organisation_name(x) as
    case
        when regexp_matches(x, '[ （）]') then
            replace(replace(
                case when regexp_matches(x, '[\x{3400}-\x{9fff}]') then replace(x, ' ', '') else x end, '（', '('
            ), '）', ')')
        else x
    end;

-- A mobile, or area and number of a land line with a hyphen.
create macro valid_phone(d) as
    case when regexp_matches(d, '^(1[3-9][0-9]{9}|0[0-9]{2,3}-[0-9]{7,8}|[2-8][0-9]{6,7}|[48]00[0-9]{7})$') then d end;

create macro phone(x) as
    case
        when regexp_matches(x, '^(1[3-9][0-9]{9}|0[3-9][0-9]{2}-[2-8][0-9]{6,7})$') then x
        else valid_phone(regexp_replace(
            regexp_replace(regexp_replace(x, '[^0-9]', '', 'g'), '^(0086|86)(1[3-9][0-9]{9}|0[0-9]{9,11})$', '\2'),
            '^(0[3-9][0-9]{2})([2-8][0-9]{6,7})$', '\1-\2'
        ))
    end;

-- A district's code, 6 to 12 digits without the zeros that only fill up.
create macro division(x) as
    case
        when regexp_matches(x, '^[1-9][0-9]{5}([0-9]{3}){0,2}$') then regexp_replace(x, '^([0-9]{6}|[0-9]{9})(000)+$', '\1')
        else coded(x, 'division')
    end;

-- A bare number counts 万, as the register's column does.
create macro capital_number(x) as try_cast(regexp_extract(replace(x, ',', ''), '[0-9]+(\.[0-9]+)?') as decimal(18, 6));

create macro capital_amount(x) as
    try_cast(
        cast(capital_number(x) as double)
        * case when contains(x, '亿') then 100000000 when contains(x, '万') then 10000 when contains(x, '元') then 1 else 10000 end
        as decimal(22, 2)
    );

create macro currency(x) as case when contains(x, '美元') then 'USD' when contains(x, '人民币') then 'CNY' end;

create macro capital_currency(x, kind) as
    case when capital_number(x) is not null then coalesce(currency(kind), currency(x), 'CNY') end;

-- Code tables: what departments write → code, the first meaning of a word; brackets in both widths.
create table words as
with seeds as (
    select parse_filename(filename, true) as code_table, row_number() over () as line, code, name, words, means
    from read_csv(getvariable('seeds') || '/*.csv', union_by_name = true, all_varchar = true, filename = true)
    where name is not null and code is not null
),

spoken as (
    select code_table, line, 0 as place, code as word, coalesce(means, code) as code from seeds
    union all
    select code_table, line, 1, name, coalesce(means, code) from seeds
    union all
    select code_table, line, 2, unnest(string_split(words, '|')), coalesce(means, code) from seeds where words is not null
)

select code_table, spelling as word, min_by(code, (line, place)) as code
from (
    select * exclude (word), unnest([word, translate(word, '（），', '(),'), translate(word, '(),', '（），')]) as spelling
    from spoken
)
where spelling <> ''
group by code_table, spelling;

create macro words_of(name) as (select map(list(word), list(code)) from words where code_table = name);

set variable division = words_of('division');
set variable division_names = (
    select '^(' || string_agg(word, '|' order by length(word) desc) || ')'
    from words
    where code_table = 'division' and length(word) > 1 and not regexp_matches(word, '^[0-9]|[(（]')
);

create macro division_named_in(x) as coded(regexp_extract(x, getvariable('division_names')), 'division');

-- A city alone says too little.
create macro division_of(address) as list_transform([division_named_in(address)], lambda code: case when code not like '%00' then code end)[1];
set variable industry = words_of('industry');
set variable sex = words_of('sex');
set variable ethnic_group = words_of('ethnic_group');
set variable education = words_of('education');
set variable education_1984 = words_of('education_1984');
set variable marital_status = words_of('marital_status');
set variable household_relation = words_of('household_relation');
set variable insurance_status = words_of('insurance_status');
set variable certificate_status = words_of('certificate_status');
set variable registration_status = words_of('registration_status');
set variable entity_type = words_of('entity_type');
create table certificate_kinds as select code, term, single from read_csv(getvariable('seeds') || '/certificate_types.csv', all_varchar = true);

set variable certificate_types = (select map(list(code), list(name)) from read_csv(getvariable('seeds') || '/certificate_types.csv', all_varchar = true));

