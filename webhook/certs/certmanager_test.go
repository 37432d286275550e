package certs

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	cmv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	cmmeta "github.com/cert-manager/cert-manager/pkg/apis/meta/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	dynamicfake "k8s.io/client-go/dynamic/fake"
)

var certificates = cmv1.SchemeGroupVersion.WithResource("certificates")

func certificate(status cmv1.CertificateStatus) *cmv1.Certificate {
	return &cmv1.Certificate{
		TypeMeta:   metav1.TypeMeta{APIVersion: "cert-manager.io/v1", Kind: "Certificate"},
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: service},
		Status:     status,
	}
}

func ready(status cmmeta.ConditionStatus, message string) cmv1.CertificateCondition {
	return cmv1.CertificateCondition{Type: cmv1.CertificateConditionReady, Status: status, Message: message}
}

func issuing(status cmmeta.ConditionStatus, message string) cmv1.CertificateCondition {
	return cmv1.CertificateCondition{Type: cmv1.CertificateConditionIssuing, Status: status, Message: message}
}

func request(conditions ...cmv1.CertificateRequestCondition) *cmv1.CertificateRequest {
	return &cmv1.CertificateRequest{
		TypeMeta:   metav1.TypeMeta{APIVersion: "cert-manager.io/v1", Kind: "CertificateRequest"},
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: service + "-1"},
		Status:     cmv1.CertificateRequestStatus{Conditions: conditions},
	}
}

func requestReady(reason, message string) cmv1.CertificateRequestCondition {
	return cmv1.CertificateRequestCondition{
		Type: cmv1.CertificateRequestConditionReady, Status: cmmeta.ConditionFalse, Reason: reason, Message: message,
	}
}

func TestExplain(t *testing.T) {
	renewal := metav1.NewTime(epoch.Add(30 * day))
	failure := metav1.NewTime(epoch)
	resource := certificates.GroupResource()
	conditions := func(cs ...cmv1.CertificateCondition) *cmv1.Certificate {
		return certificate(cmv1.CertificateStatus{Conditions: cs})
	}
	tests := []struct {
		name        string
		certificate *cmv1.Certificate
		request     *cmv1.CertificateRequest
		err         error
		reason      Reason
		text        string
	}{
		{name: "no CRD", err: apierrors.NewGenericServerResponse(404, "get", resource, service, "404 page not found", 0, true),
			reason: ReasonCertManagerAbsent, text: "install cert-manager"},
		{name: "no Certificate", err: apierrors.NewNotFound(resource, service), reason: ReasonCertificateNotFound, text: "does not exist"},
		{name: "no RBAC", err: apierrors.NewForbidden(resource, service, errors.New("no")), reason: ReasonCertificateForbidden, text: "allow the service account"},
		{name: "API unavailable", err: errors.New("connection refused"), reason: ReasonCertificateUnreadable, text: "connection refused"},
		{name: "controller not running", certificate: conditions(), reason: ReasonIssuing, text: "is cert-manager's controller running"},
		{name: "issuing", certificate: conditions(ready("False", "no Secret"), issuing("True", "Secret does not exist")),
			reason: ReasonIssuing, text: "Secret does not exist"},
		{name: "order pending", certificate: conditions(ready("False", ""), issuing("True", "Secret does not exist")),
			request: request(requestReady("Pending", `Waiting on certificate issuance from order x: "pending"`)),
			reason:  ReasonIssuing, text: "issuance from order"},
		{name: "issuer not found", certificate: conditions(ready("False", ""), issuing("True", "")),
			request: request(requestReady("Pending", `Referenced "Issuer" not found`)), reason: ReasonIssuing, text: `Referenced "Issuer" not found`},
		{name: "request failed", certificate: conditions(issuing("True", "")),
			request: request(requestReady("Failed", "order invalid")), reason: ReasonIssuanceFailed, text: "failed: order invalid"},
		{name: "request denied", certificate: conditions(issuing("True", "")),
			request: request(cmv1.CertificateRequestCondition{Type: cmv1.CertificateRequestConditionDenied, Status: "True", Message: "by policy"}),
			reason:  ReasonIssuanceFailed, text: "denied: by policy"},
		{name: "last attempt failed", certificate: certificate(cmv1.CertificateStatus{LastFailureTime: &failure,
			Conditions: []cmv1.CertificateCondition{ready("True", ""), issuing("False", "rate limited")}}),
			reason: ReasonIssuanceFailed, text: "rate limited"},
		{name: "ready", certificate: certificate(cmv1.CertificateStatus{RenewalTime: &renewal,
			Conditions: []cmv1.CertificateCondition{ready("True", "")}}), reason: ReasonOK, text: "renewal at 2030-01-31"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := explain(finding{namespace: namespace, name: service, certificate: test.certificate, request: test.request, err: test.err})
			if got.reason != test.reason || !strings.Contains(got.message, test.text) {
				t.Errorf("got %s: %s\nwant %s: …%s…", got.reason, got.message, test.reason, test.text)
			}
		})
	}
}

func TestMerge(t *testing.T) {
	missing, wrong := faultf(ReasonMissing, "no file"), faultf(ReasonWrongName, "wrong name")
	tests := []struct {
		name    string
		fault   *fault
		because Reason
		want    Reason
	}{
		{"ready", nil, ReasonOK, ReasonOK},
		{"renewal in progress", nil, ReasonIssuing, ReasonOK},
		{"renewal fails", nil, ReasonIssuanceFailed, ReasonIssuanceFailed},
		{"valid files, no RBAC", nil, ReasonCertificateForbidden, ReasonCertificateForbidden},
		{"not issued yet", missing, ReasonIssuing, ReasonIssuing},
		{"issued, not mounted", missing, ReasonOK, ReasonMissing},
		{"Certificate not read yet", missing, ReasonStarting, ReasonMissing},
		{"wrong name, while issuing", wrong, ReasonIssuing, ReasonWrongName},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			files := condition{reason: ReasonOK}
			if test.fault != nil {
				files.reason = test.fault.reason
			}
			if got := merge(files, test.fault, explanation{reason: test.because}); got.reason != test.want {
				t.Errorf("got %s, want %s", got.reason, test.want)
			}
		})
	}
}

func toUnstructured(t *testing.T, object any) *unstructured.Unstructured {
	t.Helper()
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		t.Fatal(err)
	}
	return &unstructured.Unstructured{Object: content}
}

func TestCertManagerFromRequestToRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kinds := map[schema.GroupVersionResource]string{certificates: "CertificateList"}
		client := dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), kinds)
		dir := t.TempDir()
		s, err := NewCertManager(CertManagerOptions{
			FilesOptions: FilesOptions{Dir: dir, Names: []string{host}, Log: slog.New(slog.DiscardHandler)},
			Client:       client, Namespace: namespace, Name: service,
		})
		if err != nil {
			t.Fatal(err)
		}
		// The test reloads files itself: file events are outside the synctest bubble.
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go s.followCertificate(ctx)
		expect := func(isReady bool, reason Reason) {
			t.Helper()
			synctest.Wait()
			if st := s.Status(); st.Ready != isReady || st.Reason != reason {
				t.Errorf("ready %t, %s: %s; want ready %t, %s", st.Ready, st.Reason, st.Message, isReady, reason)
			}
		}
		expect(false, ReasonCertificateNotFound)

		api := client.Resource(certificates).Namespace(namespace)
		c := certificate(cmv1.CertificateStatus{Conditions: []cmv1.CertificateCondition{issuing("True", "Secret does not exist")}})
		if _, err := api.Create(t.Context(), toUnstructured(t, c), metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		expect(false, ReasonIssuing)

		failed := request(requestReady(cmv1.CertificateRequestReasonFailed, "order invalid"))
		requests := client.Resource(cmv1.SchemeGroupVersion.WithResource("certificaterequests")).Namespace(namespace)
		if _, err := requests.Create(t.Context(), toUnstructured(t, failed), metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(pollCertificate)
		expect(false, ReasonIssuanceFailed)

		mount(t, dir, tlsFiles(newMaterial(t, time.Now()).pair(time.Now(), 90*day, host)))
		s.reload()
		renewal, revision := metav1.NewTime(time.Now().Add(60*day).Truncate(time.Second)), 1
		c.Status = cmv1.CertificateStatus{Revision: &revision, RenewalTime: &renewal,
			Conditions: []cmv1.CertificateCondition{ready("True", "")}}
		if _, err := api.Update(t.Context(), toUnstructured(t, c), metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		expect(true, ReasonOK)
		if got := s.Status().RenewAt; !got.Equal(renewal.Time) {
			t.Errorf("renewal at %s, want %s", got, renewal)
		}
		if err := api.Delete(t.Context(), service, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		expect(true, ReasonCertificateNotFound)
	})
}
