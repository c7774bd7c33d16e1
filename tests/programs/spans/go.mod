module spans

go 1.15

require go.opentelemetry.io/otel v0.0.0

replace go.opentelemetry.io/otel => ./otel
