package health

import (
	"context"
	"errors"
	"fmt"
	"net"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

// checkGRPC queries the health service or, if there is none, the OTLP receiver.
func checkGRPC(ctx context.Context, t target, c *connection) (Answer, error) {
	security := insecure.NewCredentials()
	if t.secure {
		security = handshaker{t, c}
	}
	conn, err := grpc.NewClient("passthrough:///"+t.address, grpc.WithTransportCredentials(security),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return c.dial(ctx, t) }))
	if err != nil {
		return Answer{}, err
	}
	defer conn.Close()
	answer, err := grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	if status.Code(err) == codes.Unimplemented {
		return askReceiver(ctx, conn)
	}
	if err != nil {
		return Answer{}, statusError(err)
	}
	if answer.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
		return Answer{}, refusal{answer.GetStatus().String()}
	}
	return Answer{By: ByHealthService, Detail: answer.GetStatus().String()}, nil
}

// askReceiver sends an empty export, which the receiver acknowledges without passing it on.
func askReceiver(ctx context.Context, conn *grpc.ClientConn) (Answer, error) {
	_, err := collector.NewTraceServiceClient(conn).Export(ctx, &collector.ExportTraceServiceRequest{})
	if status.Code(err) == codes.Unimplemented {
		return Answer{}, errors.New("speaks gRPC, but has neither a health service nor OTLP for traces")
	}
	if err != nil {
		return Answer{}, statusError(err)
	}
	return Answer{By: ByOTLP, Detail: "no health service; an empty export was acknowledged"}, nil
}

// handshaker makes gRPC perform its handshake through a connection, which records the result.
type handshaker struct {
	t target
	c *connection
}

// ClientHandshake implements [credentials.TransportCredentials].
func (h handshaker) ClientHandshake(ctx context.Context, _ string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	conn, err := h.c.handshake(ctx, h.t, raw)
	return conn, credentials.TLSInfo{CommonAuthInfo: credentials.CommonAuthInfo{SecurityLevel: credentials.PrivacyAndIntegrity}}, err
}

// ServerHandshake implements [credentials.TransportCredentials].
func (h handshaker) ServerHandshake(net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return nil, nil, errors.New("health checks are made by clients")
}

// Info implements [credentials.TransportCredentials].
func (h handshaker) Info() credentials.ProtocolInfo {
	return credentials.ProtocolInfo{SecurityProtocol: "tls"}
}

// Clone implements [credentials.TransportCredentials].
func (h handshaker) Clone() credentials.TransportCredentials { return h }

// OverrideServerName implements [credentials.TransportCredentials].
func (h handshaker) OverrideServerName(string) error { return nil }

// statusError returns a refusal if the server answered with an error status, and err itself if it did not answer.
func statusError(err error) error {
	switch s := status.Convert(err); s.Code() {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled, codes.Internal, codes.Unknown:
		return err
	default:
		return refusal{fmt.Sprintf("%s: %s", s.Code(), s.Message())}
	}
}
