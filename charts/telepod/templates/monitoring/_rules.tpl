{{/* Files in the directory rules, in Prometheus' format. */}}
{{- define "telepod.monitoring.ruleFiles" -}}
volume,failover,cost,alerts
{{- end -}}

{{/* The groups that depend on values: prices as series, the budget, and the limit of services. */}}
{{- define "telepod.monitoring.priceGroups" -}}
- name: telepod-prices
  rules:
    # Dollars per byte; list prices as of {{ .Values.cost.asOf }}.
    {{- range $cloud, $price := .Values.cost.prices }}
    {{- range $of, $dollars := dict "egress" $price.egress "egress-same-cloud" $price.egressSameCloud "trace-store" $price.traceStore }}
    - {record: "telepod:price:dollars_per_byte", expr: "{{ $dollars }} / 1e9", labels: {cloud_provider: {{ $cloud }}, of: {{ $of }}}}
    {{- end }}
    - {record: "telepod:price:dollars_per_byte", expr: "({{ $price.archive }} + 2 * {{ $price.archiveCold }}) / 1e9", labels: {cloud_provider: {{ $cloud }}, of: archive}}
    {{- end }}
    {{- range $name, $dollars := .Values.cost.destinations }}
    - {record: "telepod:destination_price:dollars_per_byte", expr: "{{ $dollars }} / 1e9", labels: {name: {{ $name }}}}
    {{- end }}
{{- with .Values.cost.monthlyBudget }}
- name: telepod-budget
  rules:
    - alert: TelepodOverBudget
      expr: sum(telepod:month_end:dollars) > {{ . }}
      for: 1h
      labels: {severity: warning}
      annotations:
        summary: '{{ "This month is projected to cost {{ $value | humanize }} dollars" }}, more than the budget of {{ . }}'
        runbook_url: https://github.com/telepod/telepod/blob/main/docs/operations.md#telepodoverbudget
{{- end }}
- name: telepod-limits
  # The query reads all span metrics.
  interval: 5m
  rules:
    - alert: TelepodSpanMetricsServices
      # For each Collector: the services in its cache, and those that it has dropped from the cache in the last minutes.
      expr: |
        max(count by (collector) (group by (collector, job, cloud_provider, cloud_region, k8s_cluster_name, k8s_namespace_name, deployment_environment_name) (
          traces_span_metrics_calls_total))) > {{ mulf 0.9 .Values.central.spanMetrics.maxServices }}
      for: 10m
      labels: {severity: warning}
      annotations:
        summary: '{{ "A site counts the spans of {{ $value }} services" }}: the limit is {{ int .Values.central.spanMetrics.maxServices }}'
        runbook_url: https://github.com/telepod/telepod/blob/main/docs/operations.md#telepodspanmetricsservices
{{- end -}}
