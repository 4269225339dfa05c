"""The words that entries of the catalogue may use: those of the compilation guide
(《政务信息资源目录编制指南(试行)》 发改高技〔2017〕1272号), and those of collecting.
"""

CLASSES = {
    # 类 → first digit of the resource code, and its 项 (guide, classification of resources)
    "基础": ("1", ("人口", "法人单位", "自然资源和空间地理", "社会信用", "电子证照")),
    "主题": ("2", ("公共服务", "健康保障", "社会保障", "食品药品安全", "安全生产", "价格监管", "能源安全",
                  "信用体系", "城乡建设", "社区治理", "生态环保", "应急维稳")),
    "部门": ("3", ("党中央", "人大", "国务院", "政协", "法院", "检察院",
                  "省(区、市)及以下", "计划单列市及以下")),
}  # fmt: skip
SHARING_TYPES = ("无条件共享", "有条件共享", "不予共享")
SHARING_MODES = ("共享平台方式", "邮件", "介质")
SHARING_METHODS = ("数据库", "文件", "接口")
FORMATS = {
    # 信息资源格式: category → the types that the guide lists, and those in common use since.
    "电子文件": ("OFD", "wps", "xml", "txt", "doc", "docx", "html", "pdf", "ppt"),
    "电子表格": ("et", "xls", "xlsx", "csv"),
    "数据库": ("Dm", "KingbaseES", "access", "dbf", "dbase", "sysbase", "oracle", "sql server", "db2",
             "mysql", "postgresql", "mariadb", "openGauss", "GBase", "OceanBase", "TiDB", "sqlite"),
    "图形图像": ("jpg", "gif", "bmp", "png", "tif"),
    "流媒体": ("swf", "rm", "mpg", "mp4"),
    "自描述格式": (),  # described by the provider
}  # fmt: skip
FILE_FORMATS = ("电子文件", "电子表格", "图形图像", "流媒体")
UPDATE_CYCLES = (
    "实时", "每小时", "每日", "每周", "每旬", "每月", "每季度", "每半年", "每年", "不定期",
)  # fmt: skip
# The clock of schedules, of the day of a build and of what registers write.
CHINA = "Asia/Shanghai"
ITEM_TYPES = {
    "C": "字符型", "N": "数值型", "Y": "货币型", "D": "日期型", "T": "日期时间型", "L": "逻辑型",
    "M": "备注型", "G": "通用型", "B": "双精度型", "I": "整型", "F": "浮点型",
}  # fmt: skip
ITEM_STANDARDS = (
    # What an item is cleaned as (dbt_project/macros/standards).
    "id_number", "credit_code", "registration_number", "organisation_code", "tax_number", "date", "division",
    "industry", "phone", "name", "organisation_name", "currency",
)  # fmt: skip
PERSONAL = ("personal", "sensitive_personal")  # 个人信息, 敏感个人信息 (个人信息保护法 第二十八条)
SENSITIVITIES = ("public", "internal", *PERSONAL)
CONNECTOR_KINDS = {
    # kind → the entries of which it needs one
    "database": ("table", "query"),
    "delimited": ("path",),
    "fixed_width": ("path",),
    "excel": ("path",),
    "dbf": ("path",),
    "xml": ("path",),
    "json": ("path",),
    "json_lines": ("path",),
    "python_literal": ("path",),
    "parquet": ("path",),
    "http": (),
}
CONNECTOR_MODES = ("incremental", "full", "changes", "period")
FILE_KINDS = tuple(kind for kind in CONNECTOR_KINDS if kind not in ("database", "http"))
OWN_ENDINGS = (":problem", ":text")  # of the columns that staging puts beside an item
CONTRACTS = ("evolve", "freeze", "set_aside")
