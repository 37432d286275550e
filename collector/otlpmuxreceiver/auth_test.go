package otlpmuxreceiver

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"testing"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configauth"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// tokens is an authenticator that accepts one token.
type tokens struct{ component.Component }

func (tokens) Authenticate(ctx context.Context, headers map[string][]string) (context.Context, error) {
	for _, key := range []string{"Authorization", "authorization"} {
		if values := headers[key]; len(values) == 1 && values[0] == "Bearer good" {
			return ctx, nil
		}
	}
	return ctx, errors.New("unknown token")
}

type hostWithTokens struct{ id component.ID }

func (h hostWithTokens) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{h.id: tokens{}}
}

// TestAuthAndMetadata checks that confighttp's authentication and metadata work for gRPC too.
func TestAuthAndMetadata(t *testing.T) {
	last, ctx, f := new(seen), context.Background(), NewFactory()
	id := component.MustNewID("tokens")
	config := f.CreateDefaultConfig().(*Config)
	config.Endpoints = []string{"127.0.0.1:0"}
	config.IncludeMetadata = true
	config.Auth = configoptional.Some(confighttp.AuthConfig{Config: configauth.Config{AuthenticatorID: id}})
	r := create(t, f, receivertest.NewNopSettings(f.Type()), config, last)
	if err := r.Start(ctx, hostWithTokens{id}); err != nil {
		t.Fatal(err)
	}
	defer r.Shutdown(ctx)
	address := r.addrs[0].String()

	export := func(token string) error {
		ctx := metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token, "x-tenant", "blue")
		_, err := ptraceotlp.NewGRPCClient(grpcConnection(t, address, nil)).Export(ctx, ptraceotlp.NewExportRequestFromTraces(traces(1)))
		return err
	}
	if err := export("bad"); status.Code(err) != codes.Unauthenticated {
		t.Errorf("gRPC with a bad token: %v", err)
	}
	if err := export("good"); err != nil {
		t.Errorf("gRPC with a good token: %v", err)
	}
	checkTenant(t, last.info)

	post := func(token string) *http.Response {
		request, _ := http.NewRequest(http.MethodPost, "http://"+address+"/v1/traces", bytes.NewReader(protobufBody(t, traces(1))))
		request.Header.Set("Content-Type", protobufType)
		request.Header.Set("Authorization", "Bearer "+token)
		request.Header.Set("X-Tenant", "blue")
		response, err := httpClient(t, 1, nil, "").Do(request)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = response.Body.Close() })
		return response
	}
	checkRefusal(t, post("bad"), http.StatusUnauthorized, codes.Unauthenticated)
	last.info = client.Info{}
	if response := post("good"); response.StatusCode != http.StatusOK {
		t.Errorf("HTTP with a good token: %s", response.Status)
	}
	checkTenant(t, last.info)
}

func checkTenant(t *testing.T, info client.Info) {
	t.Helper()
	if got := info.Metadata.Get("x-tenant"); len(got) != 1 || got[0] != "blue" {
		t.Errorf("metadata x-tenant is %q", got)
	}
}
