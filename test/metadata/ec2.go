package metadata

import (
	"crypto/rand"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// ec2 is the Instance Metadata Service, version 2 only, as on EKS nodes: requests need a token, which a PUT
// returns (docs.aws.amazon.com, "Use the Instance Metadata Service").
type ec2 struct {
	node Node
	data tree

	mu     sync.Mutex
	tokens map[string]time.Time // expiry by token
}

const (
	ec2Token    = "X-Aws-Ec2-Metadata-Token"
	ec2TokenTTL = "X-Aws-Ec2-Metadata-Token-Ttl-Seconds"
	ec2Role     = "telepod-node"
)

func newEC2(n Node) http.Handler {
	host := n.Name + "." + n.Region + ".compute.internal"
	e := &ec2{node: n, tokens: map[string]time.Time{}, data: tree{
		"ami-id":                              "ami-0abcdef1234567890",
		"hostname":                            host,
		"local-hostname":                      host,
		"instance-id":                         n.ID,
		"instance-type":                       n.Type,
		"placement/availability-zone":         n.Zone,
		"placement/region":                    n.Region,
		"services/domain":                     "amazonaws.com",
		"services/partition":                  "aws",
		"iam/security-credentials/":           ec2Role,
		"iam/security-credentials/" + ec2Role: "", // answered by credentials
	}}
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /latest/api/token", e.token)
	mux.HandleFunc("GET /latest/dynamic/instance-identity/document", e.guard(e.identity))
	mux.HandleFunc("GET /latest/meta-data/iam/security-credentials/"+ec2Role, e.guard(credentials))
	mux.HandleFunc("GET /latest/meta-data/", e.guard(func(w http.ResponseWriter, r *http.Request) {
		text, found := e.data.lookup(strings.TrimPrefix(r.URL.Path, "/latest/meta-data/"))
		if !found {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/plain")
		write(w, text)
	}))
	return mux
}

func (e *ec2) token(w http.ResponseWriter, r *http.Request) {
	seconds, err := strconv.Atoi(r.Header.Get(ec2TokenTTL))
	if err != nil || seconds < 1 || seconds > 21600 {
		http.Error(w, "400 - Bad Request", http.StatusBadRequest)
		return
	}
	// Requests forwarded by a proxy are rejected, so that a proxy cannot leak tokens.
	if r.Header.Get("X-Forwarded-For") != "" {
		http.Error(w, "403 - Forbidden", http.StatusForbidden)
		return
	}
	token := rand.Text()
	e.mu.Lock()
	e.tokens[token] = time.Now().Add(time.Duration(seconds) * time.Second)
	e.mu.Unlock()
	w.Header().Set(ec2TokenTTL, strconv.Itoa(seconds))
	write(w, token)
}

// guard requires the token.
func (e *ec2) guard(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		e.mu.Lock()
		until := e.tokens[r.Header.Get(ec2Token)]
		e.mu.Unlock()
		if !time.Now().Before(until) {
			http.Error(w, "401 - Unauthorized", http.StatusUnauthorized)
			return
		}
		next(w, r)
	}
}

func (e *ec2) identity(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, map[string]any{
		"accountId": e.node.Account, "architecture": "x86_64", "availabilityZone": e.node.Zone,
		"imageId": e.data["ami-id"], "instanceId": e.node.ID, "instanceType": e.node.Type,
		"pendingTime": "2026-11-22T08:00:00Z", "privateIp": "10.0.0.10", "region": e.node.Region, "version": "2017-09-30",
	})
}

// credentials returns credentials of the node's role, which are never checked.
func credentials(w http.ResponseWriter, _ *http.Request) {
	now := time.Now().UTC()
	writeJSON(w, map[string]string{
		"Code": "Success", "Type": "AWS-HMAC", "LastUpdated": now.Format(time.RFC3339),
		"Expiration":  now.Add(6 * time.Hour).Format(time.RFC3339),
		"AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "example", "Token": "example",
	})
}
