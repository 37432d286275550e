// An application with the stock OpenTelemetry SDK for Node.js. It contains nothing specific to Telepod: every setting is a
// standard OTEL_* variable.
//
// It sends a span, a data point and a log record, and fails if the SDK reports an error. With the argument "stay" it runs
// until it is stopped, like a service. With -span-exporter=grpc, =proto or =http (JSON) it creates its own span exporter,
// like applications with a hard-coded protocol.
'use strict';

const { diag, metrics, trace } = require('@opentelemetry/api');
const { logs } = require('@opentelemetry/api-logs');
const { NodeSDK } = require('@opentelemetry/sdk-node');

const faults = [];
const ignore = () => {};
diag.setLogger({ error: (...words) => faults.push(words.join(' ')), warn: ignore, info: ignore, debug: ignore, verbose: ignore });

// hardCoded returns the settings that are part of the application's code.
function hardCoded() {
  const [, kind] = process.argv.map((arg) => arg.match(/^-span-exporter=(.*)/)).find(Boolean) ?? [];
  return kind ? { traceExporter: new (require(`@opentelemetry/exporter-trace-otlp-${kind}`).OTLPTraceExporter)() } : {};
}

async function main() {
  const sdk = new NodeSDK(hardCoded());
  sdk.start();
  trace.getTracer('nodeapp').startSpan('span-0').end();
  metrics.getMeter('nodeapp').createCounter('counter-0').add(1);
  logs.getLogger('nodeapp').emit({ body: 'record-0' });
  await sdk.shutdown();
  if (faults.length > 0) {
    throw new Error(faults.join('; '));
  }
}

main().then(
  () => {
    console.log('sent');
    if (process.argv.includes('stay')) {
      process.on('SIGTERM', () => process.exit(0));
      setInterval(ignore, 1 << 30);
    }
  },
  (error) => {
    console.error('nodeapp:', error);
    process.exit(1);
  },
);
