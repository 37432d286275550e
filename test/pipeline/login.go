package pipeline

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-oauth2/oauth2/v4/manage"
	"github.com/go-oauth2/oauth2/v4/models"
	"github.com/go-oauth2/oauth2/v4/server"
	"github.com/go-oauth2/oauth2/v4/store"
)

// The client that a [Login] accepts.
const (
	loginID     = "telepod"
	loginSecret = "right"
)

// tokenLifetime is 3 seconds longer than the 30 seconds before expiry in which a destination replaces its token, so tests
// wait only that long.
const tokenLifetime = 33 * time.Second

// Login is an OAuth2 authorization server for client credentials.
type Login struct {
	manager *manage.Manager
	server  *server.Server

	mu      sync.Mutex
	issued  []string // tokens
	refused int      // requests
	scopes  map[string]bool
}

func newLogin(t testing.TB) *Login {
	t.Helper()
	l := &Login{manager: manage.NewDefaultManager(), scopes: map[string]bool{}}
	l.manager.MustTokenStorage(store.NewMemoryTokenStore())
	clients := store.NewClientStore()
	if err := clients.Set(loginID, &models.Client{ID: loginID, Secret: loginSecret}); err != nil {
		t.Fatal(err)
	}
	l.manager.MapClientStorage(clients)
	l.manager.SetClientTokenCfg(&manage.Config{AccessTokenExp: tokenLifetime})
	l.server = server.NewDefaultServer(l.manager)
	return l
}

// ServeHTTP implements http.Handler.
func (l *Login) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer := httptest.NewRecorder()
	err := l.server.HandleTokenRequest(answer, r)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.scopes[r.FormValue("audience")+" "+r.FormValue("scope")] = true
	if err != nil || answer.Code != http.StatusOK {
		l.refused++
	} else if _, rest, found := strings.Cut(answer.Body.String(), `"access_token":"`); found {
		token, _, _ := strings.Cut(rest, `"`)
		l.issued = append(l.issued, token)
	}
	for key, values := range answer.Header() {
		w.Header()[key] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes()) // fails if the client has disconnected
}

// Check returns 401 for requests without a valid token.
func (l *Login) Check(h http.Header) Response {
	if _, err := l.server.ValidationBearerToken(&http.Request{Header: h}); err != nil {
		return Response{Status: http.StatusUnauthorized}
	}
	return Response{}
}

// Revoke revokes all tokens.
func (l *Login) Revoke(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, token := range l.issued {
		if err := l.manager.RemoveAccessToken(ctx, token); err != nil {
			return err
		}
	}
	return nil
}

// Counts returns how many tokens the server has issued, and how many requests it has refused.
func (l *Login) Counts() (issued, refused int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.issued), l.refused
}
