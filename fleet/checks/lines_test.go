package checks_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apiversion "k8s.io/apimachinery/pkg/util/version"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/checks"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// authority is a CA certificate in PEM.
func authority(t *testing.T, end time.Time) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now.AddDate(-1, 0, 0), NotAfter: end}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// healthy is a cluster with nothing to complain about.
func healthy(t *testing.T) checks.Snapshot {
	s := checks.Snapshot{Namespace: "telepod", Release: "telepod", Now: now}
	s.Kubernetes.Value = apiversion.MustParseGeneric("1.36.3")
	s.Injector.Value = []checks.Workload{{Kind: "Deployment", Name: "telepod-injector", Desired: 2, Ready: 2}}
	s.Profiles.Value.Valid = 4
	s.Webhook.Value = []checks.Hook{{Configuration: "telepod-injector", Name: "namespaces.telepod.dev", CABundle: authority(t, now.AddDate(1, 0, 0)),
		Service: "telepod/telepod-injector", Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"telepod.dev/injection": "enabled"}}}}
	s.Services.Value = map[string]checks.Service{"telepod/telepod-injector": {Exists: true, Ready: 2}}
	s.Collectors.Value = []checks.Workload{{Kind: "DaemonSet", Name: "telepod-collector", Desired: 3, Ready: 3}}
	s.Labelled.Value = []string{"shop"}
	s.OutOfDate.Value = map[fleet.State]int{}
	s.Probe.Value = checks.Probe{Namespace: "default", Injected: true}
	return s
}

func TestHealthyClusterHasNoComplaint(t *testing.T) {
	lines := healthy(t).Lines()
	if worst := checks.Worst(lines); worst != checks.OK || len(lines) < 9 {
		t.Errorf("%s in %+v", worst, lines)
	}
}

// TestLines breaks one thing at a time: the first line that is not ok names it.
func TestLines(t *testing.T) {
	for _, test := range []struct {
		name   string
		spoil  func(*checks.Snapshot)
		status checks.Status
		seen   string
		repair string
	}{
		{"old Kubernetes", func(s *checks.Snapshot) { s.Kubernetes.Value = apiversion.MustParseGeneric("1.28.9") }, checks.Warning, "no native sidecars before 1.29", ""},
		{"no injector", func(s *checks.Snapshot) { s.Injector.Value = nil }, checks.Failed, "release telepod in namespace telepod has no injector", "check --release"},
		{"no right to see it", func(s *checks.Snapshot) { s.Injector.Err = errors.New("forbidden") }, checks.Unknown, "the injector: not known: forbidden", ""},
		{"scaled to zero", func(s *checks.Snapshot) { s.Injector.Value[0].Desired, s.Injector.Value[0].Ready = 0, 0 }, checks.Failed, "deployment/telepod-injector is scaled to zero", "kubectl -n telepod scale deployment/telepod-injector --replicas=2"},
		{"not ready", func(s *checks.Snapshot) { s.Injector.Value[0].Ready = 0 }, checks.Failed, "0 of 2 ready: pods are created without injection", "describe pods"},
		{"one of two", func(s *checks.Snapshot) { s.Injector.Value[0].Ready = 1 }, checks.Warning, "1 of 2 ready", "describe pods"},
		{"one replica", func(s *checks.Snapshot) { s.Injector.Value[0].Desired, s.Injector.Value[0].Ready = 1, 1 }, checks.Warning, "one replica", "--replicas=2"},
		{"profiles", func(s *checks.Snapshot) { s.Profiles.Value.Mistakes = "a.yaml:1: wrong\nb.yaml:2: \x1b[2J" }, checks.Failed, "profiles: a.yaml:1: wrong b.yaml:2: [2J", "correct profiles"},
		{"no webhook", func(s *checks.Snapshot) { s.Webhook.Value = nil }, checks.Failed, "no MutatingWebhookConfiguration", "helm upgrade"},
		{"selector", func(s *checks.Snapshot) { s.Webhook.Value[0].Selector.MatchLabels["x"] = "y" }, checks.Failed, "no webhook selects namespaces", "helm upgrade"},
		{"selector is missing", func(s *checks.Snapshot) { s.Webhook.Value[0].Selector = nil }, checks.OK, "", ""},
		{"caBundle cleared", func(s *checks.Snapshot) { s.Webhook.Value[0].CABundle = nil }, checks.Failed, "namespaces.telepod.dev: caBundle is empty", "kubectl -n telepod rollout restart deployment/telepod-injector"},
		{"caBundle is no PEM", func(s *checks.Snapshot) { s.Webhook.Value[0].CABundle = []byte("x") }, checks.Failed, "it has no certificate in PEM", "rollout restart"},
		{"caBundle expired", func(s *checks.Snapshot) { s.Webhook.Value[0].CABundle = authority(t, now.AddDate(0, 0, -1)) }, checks.Failed, "has expired, the last on 2026-02-28", "rollout restart"},
		{"caBundle expires soon", func(s *checks.Snapshot) { s.Webhook.Value[0].CABundle = authority(t, now.AddDate(0, 0, 9)) }, checks.Warning, "expires in 9 days", "rollout restart"},
		{"an old CA beside a new one", func(s *checks.Snapshot) {
			s.Webhook.Value[0].CABundle = append(authority(t, now.AddDate(0, 0, -1)), s.Webhook.Value[0].CABundle...)
		}, checks.OK, "", ""},
		{"no Service", func(s *checks.Snapshot) { s.Services.Value["telepod/telepod-injector"] = checks.Service{} }, checks.Failed, "Service telepod/telepod-injector does not exist", "helm upgrade"},
		{"no endpoint", func(s *checks.Snapshot) { s.Services.Value["telepod/telepod-injector"] = checks.Service{Exists: true} }, checks.Failed, "has no ready endpoint", "get pods"},
		{"not reached", func(s *checks.Snapshot) { s.Probe.Value.Injected = false }, checks.Failed, "was not injected: the API server does not reach the webhook", "logs"},
		{"no right to try", func(s *checks.Snapshot) { s.Probe = checks.Answer[checks.Probe]{Err: errors.New("forbidden")} }, checks.Warning, "whether the API server reaches the webhook: not known: forbidden", ""},
		{"not tried", func(s *checks.Snapshot) { s.Probe.Value = checks.Probe{Skipped: true} }, checks.OK, "", ""},
		{"no Collectors", func(s *checks.Snapshot) { s.Collectors.Value = nil }, checks.Warning, "no regional Collectors", ""},
		{"a Collector is missing", func(s *checks.Snapshot) {
			s.Collectors.Value[0].Ready, s.Collectors.Value[0].Troubles = 2, []string{"pod c is not ready on node n: x"}
		}, checks.Warning, "daemonset/telepod-collector: 2 of 3 ready", "describe pods"},
		{"no node for Collectors", func(s *checks.Snapshot) { s.Collectors.Value[0].Desired, s.Collectors.Value[0].Ready = 0, 0 }, checks.Failed, "no node should have one", "nodeSelector"},
		{"no label", func(s *checks.Snapshot) { s.Labelled.Value = nil }, checks.Warning, "no namespace has the label", "kubectl label namespace"},
		{"stale", func(s *checks.Snapshot) { s.OutOfDate.Value = map[fleet.State]int{fleet.Stale: 2, fleet.Bare: 1} }, checks.Warning, "workloads out of date: 1 bare, 2 stale", "telepod stale -A"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := healthy(t)
			test.spoil(&s)
			lines := s.Lines()
			at := slices.IndexFunc(lines, func(l checks.Line) bool { return l.Status != checks.OK })
			if test.status == checks.OK {
				if at >= 0 {
					t.Errorf("a false alarm: %+v", lines[at])
				}
				return
			}
			if at < 0 || lines[at].Status != test.status || !strings.Contains(lines[at].Seen, test.seen) || !strings.Contains(lines[at].Repair, test.repair) || (test.repair == "") != (lines[at].Repair == "") {
				t.Errorf("want %s %q repaired by %q first in\n%+v", test.status, test.seen, test.repair, lines)
			}
			if checks.Worst(lines) != test.status {
				t.Errorf("worst is %s", checks.Worst(lines))
			}
		})
	}
}
