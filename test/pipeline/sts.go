package pipeline

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// STS simulates AWS's Security Token Service, which cannot run here, and S3's check of its credentials. It exchanges a token
// of the cluster for credentials of a role. Requests without valid credentials do not reach the S3 server.
type STS struct {
	// URL is the URL of the exchange, S3 the address of the S3 server.
	URL, S3 string

	mu       sync.Mutex
	role     string
	token    string               // the only one that it accepts
	lifetime time.Duration        // of credentials
	ends     map[string]time.Time // of a session
	refused  int                  // exchanges with another token
}

// startSTS starts the exchange for a role and a token, in front of an S3 server.
func startSTS(t testing.TB, s3, role, token string, lifetime time.Duration) *STS {
	t.Helper()
	s := &STS{role: role, token: token, lifetime: lifetime, ends: map[string]time.Time{}}
	exchange := httptest.NewServer(http.HandlerFunc(s.exchange))
	t.Cleanup(exchange.Close)
	store := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: s3})
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.hasValidSession(r) {
			http.Error(w, "<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>", http.StatusBadRequest)
			return
		}
		store.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	s.URL, s.S3 = exchange.URL, strings.TrimPrefix(front.URL, "http://")
	return s
}

func (s *STS) exchange(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.FormValue("Action") != "AssumeRoleWithWebIdentity" || r.FormValue("RoleArn") != s.role || r.FormValue("WebIdentityToken") != s.token {
		s.refused++
		http.Error(w, "<ErrorResponse><Error><Code>ExpiredTokenException</Code><Message>Token expired</Message></Error></ErrorResponse>", http.StatusBadRequest)
		return
	}
	session, end := fmt.Sprintf("session-%d", len(s.ends)+1), time.Now().Add(s.lifetime)
	s.ends[session] = end
	fmt.Fprintf(w, `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult>
<Credentials><AccessKeyId>ASIALENT</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>%s</SessionToken><Expiration>%s</Expiration></Credentials>
</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`, session, end.UTC().Format(time.RFC3339Nano))
}

// hasValidSession reports whether a request has credentials that are still valid. It does not check the signature.
func (s *STS) hasValidSession(r *http.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Contains(r.Header.Get("Authorization"), "Credential=ASIALENT/") && time.Now().Before(s.ends[r.Header.Get("X-Amz-Security-Token")])
}

// Rotate replaces the token that it accepts.
func (s *STS) Rotate(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = token
}

// Counts returns how many credentials it has issued, and how many exchanges it has refused.
func (s *STS) Counts() (issued, refused int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.ends), s.refused
}
