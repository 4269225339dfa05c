"""The sources of the benchmark: one table of 15 columns in PostgreSQL and MariaDB, and the same rows as CSV.

The rows are made by the servers themselves, so that 20 M take minutes and no memory. They look like a
register: Chinese text, an identity number, dates, times, an exact number, nulls.
"""

from __future__ import annotations

import csv
from pathlib import Path

import sqlalchemy as sa

POSTGRESQL = "postgresql://postgres@127.0.0.1:5432/postgres"
MARIADB = "mysql+pymysql://root@127.0.0.1:3306/test?charset=utf8mb4"
COLUMNS = [
    "id", "name", "id_number", "sex", "birth", "address", "phone", "amount", "score", "level", "status",
    "created", "updated", "note", "org_code",
]  # fmt: skip
PEOPLE_PER_NAME = 9973
ROWS = {
    # The same values in both dialects, as far as each can say them.
    "postgresql": """
create unlogged table {table} (
  id bigint primary key, name varchar(20), id_number char(18), sex char(1), birth date, address varchar(100),
  phone varchar(20), amount numeric(12,2), score double precision, level smallint, status varchar(10),
  created timestamp, updated timestamptz, note text, org_code varchar(18));
insert into {table} select n,
  substr('王李张刘陈杨黄赵吴周', (n % 10)::int + 1, 1)
    || substr('伟芳娜敏静丽强磊军洋', (n / 10 % 10)::int + 1, 1) || case when n % 3 = 0 then '华' else '' end,
  '410702' || to_char(date '1950-01-01' + (n % 25000)::int, 'YYYYMMDD') || lpad((n % 10000)::text, 4, '0'),
  case when n % 2 = 0 then '1' else '2' end, date '1950-01-01' + (n % 25000)::int,
  '河南省新乡市红旗区人民路' || (n % 977) || '号院' || (n % 31) || '号楼',
  '1373' || lpad((n % 9999991)::text, 7, '0'),
  (n % 1000003) / 7.0, n * 1.25e-3, (n % 12)::smallint, case when n % 7 = 0 then '注销' else '正常' end,
  timestamp '2015-01-01' + (n % 300000000) * interval '1 second',
  timestamptz '2020-01-01 00:00+00' + n * interval '1 second',
  case when n % 5 = 0 then '备注' || (n % {names}) end, '914107' || lpad((n % 99999989)::text, 12, '0')
from generate_series(1, {rows}) n;
vacuum analyze {table}""",
    "mariadb": """
create table {table} (
  id bigint primary key, name varchar(20), id_number char(18), sex char(1), birth date, address varchar(100),
  phone varchar(20), amount decimal(12,2), score double, level smallint, status varchar(10),
  created datetime, updated timestamp null, note text, org_code varchar(18)) charset utf8mb4;
insert into {table} select seq,
  concat(substr('王李张刘陈杨黄赵吴周', seq % 10 + 1, 1),
    substr('伟芳娜敏静丽强磊军洋', seq div 10 % 10 + 1, 1),
    if(seq % 3 = 0, '华', '')),
  concat('410702', date_format(date '1950-01-01' + interval seq % 25000 day, '%Y%m%d'),
    lpad(seq % 10000, 4, '0')),
  if(seq % 2 = 0, '1', '2'), date '1950-01-01' + interval seq % 25000 day,
  concat('河南省新乡市红旗区人民路', seq % 977, '号院', seq % 31, '号楼'),
  concat('1373', lpad(seq % 9999991, 7, '0')),
  (seq % 1000003) / 7.0, seq * 1.25e-3, seq % 12, if(seq % 7 = 0, '注销', '正常'),
  timestamp '2015-01-01 00:00:00' + interval seq % 300000000 second,
  timestamp '2020-01-01 00:00:00' + interval seq second,
  if(seq % 5 = 0, concat('备注', seq % {names}), null), concat('914107', lpad(seq % 99999989, 12, '0'))
from seq_1_to_{rows}""",
}


def table_name(rows: int) -> str:
    return f"govshare_bench_{rows}"


def engine_of(url: str) -> sa.Engine:
    driver = url.replace("postgresql://", "postgresql+psycopg://")
    return sa.create_engine(driver, isolation_level="AUTOCOMMIT")


def make_table(url: str, rows: int) -> str:
    """Make the table unless it is there already; its name."""
    engine = engine_of(url)
    table = table_name(rows)
    dialect = "postgresql" if engine.dialect.name == "postgresql" else "mariadb"
    with engine.connect() as connection:
        there = sa.inspect(engine).has_table(table)
        if there and connection.exec_driver_sql(f"select count(*) from {table}").scalar() == rows:
            return table
        connection.exec_driver_sql(f"drop table if exists {table}")
        for statement in ROWS[dialect].format(table=table, rows=rows, names=PEOPLE_PER_NAME).split(";\n"):
            connection.exec_driver_sql(statement.replace("%", "%%"))
    engine.dispose()
    return table


def make_csv(folder: Path, rows: int) -> Path:
    """The PostgreSQL table's rows as a GB18030 file, unless it is there already."""
    file = folder / f"{table_name(rows)}.csv"
    if file.exists():
        return file
    table = make_table(POSTGRESQL, rows)
    engine = sa.create_engine(POSTGRESQL.replace("postgresql://", "postgresql+psycopg://"))
    part = file.with_suffix(".part")
    with engine.connect() as connection, part.open("w", encoding="gb18030", newline="") as target:
        writer = csv.writer(target, lineterminator="\r\n")
        writer.writerow(COLUMNS)
        stream = connection.execution_options(stream_results=True, max_row_buffer=10_000)
        for chunk in stream.exec_driver_sql(f"select * from {table}").partitions(10_000):
            writer.writerows(tuple(row) for row in chunk)
    part.rename(file)
    engine.dispose()
    return file


def drop(rows: int) -> None:
    """Take the tables away again."""
    for url in (POSTGRESQL, MARIADB):
        engine = engine_of(url)
        with engine.connect() as connection:
            connection.exec_driver_sql(f"drop table if exists {table_name(rows)}")
