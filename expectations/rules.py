"""The kinds of expectation that Great Expectations lacks on DuckDB, as subclasses of its own.

``RowsKeepRule`` states a condition on single rows; its count is one aggregate, so that Great Expectations
puts the rules of a whole table into one pass. ``NoUnexpectedRows`` states a query whose every row is a fault.
Neither fetches a value: what they show of a bad row is the hash of its key. Which rules there are is decided
in ``plan``.
"""

from __future__ import annotations

from typing import Any, ClassVar

import sqlalchemy as sa
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.core.metric_function_types import MetricPartialFunctionTypes
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations import UnexpectedRowsExpectation
from great_expectations.expectations.metrics.metric_provider import metric_partial
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider

EXAMPLES = 10  # hashes of keys shown for a rule that is broken


class RowsBreaking(TableMetricProvider):
    """How many rows fulfil a SQL condition."""

    metric_name = "govshare.rows_breaking"
    value_keys = ("condition",)

    @metric_partial(
        engine=SqlAlchemyExecutionEngine,
        partial_fn_type=MetricPartialFunctionTypes.AGGREGATE_FN,
        domain_type=MetricDomainTypes.TABLE,
    )
    def _sqlalchemy(
        cls,
        execution_engine: SqlAlchemyExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any],
    ) -> Any:
        condition: sa.ColumnElement[Any] = sa.literal_column(metric_value_kwargs["condition"])
        expression = sa.func.count(sa.case((condition, 1)))
        return expression, metric_domain_kwargs, {}


class RowsKeepRule(UnexpectedRowsExpectation):
    """No row fulfils ``condition``; ``unexpected_rows_query`` gives the key hashes of those that do."""

    condition: str
    metric_dependencies: ClassVar[tuple[str, ...]] = ("govshare.rows_breaking",)
    success_keys: ClassVar[tuple[str, ...]] = ("condition", "unexpected_rows_query")

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: Any = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        return _result(self.unexpected_rows_query, int(metrics["govshare.rows_breaking"]), execution_engine)


class NoUnexpectedRows(UnexpectedRowsExpectation):
    """The query finds nothing. Its one column is shown of the first rows, so it must not be a value."""

    metric_dependencies: ClassVar[tuple[str, ...]] = ("unexpected_rows_query.row_count",)

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: Any = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        count = int(metrics["unexpected_rows_query.row_count"])
        return _result(self.unexpected_rows_query, count, execution_engine)


def _result(query: Any, count: int, engine: Any) -> dict[str, Any]:
    examples: list[str] = []
    if count:
        sql = str(query).format(batch=BATCH)
        examples = [str(row[0]) for row in engine.run(f"select * from ({sql}) limit {EXAMPLES}")]
    return {"success": count == 0, "result": {"observed_value": count, "examples": examples}}


BATCH = "candidate"  # the view that the gate judges
