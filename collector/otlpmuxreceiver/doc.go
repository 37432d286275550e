// Package otlpmuxreceiver is a Collector receiver for OTLP. Each of its ports accepts every form of
// the protocol: gRPC, HTTP/1.1 and HTTP/2, protobuf and JSON, in plaintext or with TLS. It checks
// that there is memory for a body before it reads it, and refuses in a way that clients retry.
//
// One net/http server does all of this: it recognizes HTTP/2 by the first bytes of a connection or
// by ALPN, and the content type separates gRPC from OTLP/HTTP. The few lines of the gRPC protocol
// that unary calls need are in grpc.go. grpc-go's own server is not used, because it reads a message
// of any permitted size before the application can refuse it.
//
// confighttp, configtls and receiverhelper supply the server's settings, authentication, CORS,
// decompression and the standard receiver metrics. The package does not check the content of the
// telemetry, and is independent of queues and exporters.
package otlpmuxreceiver
