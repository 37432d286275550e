// An application for Deno, which contains the OpenTelemetry SDK for Rust. It contains nothing specific to Telepod: Deno reads
// the standard OTEL_* variables. It sends a span, a data point and, with console.log, a log record.
import { metrics, trace } from '@opentelemetry/api';

trace.getTracer('denoapp').startSpan('span-0').end();
metrics.getMeter('denoapp').createCounter('counter-0').add(1);
console.log('record-0');
