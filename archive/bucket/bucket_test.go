package bucket_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/telepod/telepod/archive"
	"github.com/telepod/telepod/archive/bucket"
)

// setCredentials sets credentials in the environment and hides those of the machine.
func setCredentials(t *testing.T) {
	t.Helper()
	clearAWSEnv(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
}

func clearAWSEnv(t *testing.T) {
	t.Helper()
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "")
			os.Unsetenv(name) // Setenv restores it
		}
	}
	missing := filepath.Join(t.TempDir(), "missing")
	t.Setenv("AWS_CONFIG_FILE", missing)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", missing)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
}

// server answers as S3 does and records the requests.
func server(t *testing.T, handle http.HandlerFunc) (*bucket.Bucket, *[]*http.Request) {
	t.Helper()
	var requests []*http.Request
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests = append(requests, r)
		handle(w, r)
	}))
	t.Cleanup(s.Close)
	b, err := bucket.Open(t.Context(), bucket.Location{Name: "telemetry", Endpoint: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	return b, &requests
}

func refuse(w http.ResponseWriter, status int, code, more string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, "<Error><Code>%s</Code><Message>m</Message>%s</Error>", code, more)
}

// TestList follows the pages of a listing.
func TestList(t *testing.T) {
	setCredentials(t)
	b, requests := server(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("continuation-token") == "" {
			fmt.Fprint(w, `<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>
				<Contents><Key>traces/1</Key><Size>10</Size><StorageClass>STANDARD</StorageClass></Contents></ListBucketResult>`)
			return
		}
		fmt.Fprint(w, `<ListBucketResult><Contents><Key>traces/2</Key><Size>20</Size><StorageClass>GLACIER</StorageClass></Contents></ListBucketResult>`)
	})
	var got []archive.Entry
	for entry, err := range b.List(t.Context(), "traces/", "traces/0") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, entry)
	}
	want := []archive.Entry{{Key: "traces/1", Size: 10}, {Key: "traces/2", Size: 20, StorageClass: "GLACIER"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	query := (*requests)[0].URL.Query()
	if query.Get("prefix") != "traces/" || query.Get("start-after") != "traces/0" || (*requests)[0].URL.Path != "/telemetry" {
		t.Errorf("requested %s", (*requests)[0].URL)
	}
}

// TestKeysAreDecoded: a key with characters that XML does not allow must not hide the other keys.
func TestKeysAreDecoded(t *testing.T) {
	setCredentials(t)
	strange := []string{"traces/a\x01b/r/k", "traces/a b/r/k", "traces/a+b/r/k", "traces/100%/r/k", "traces/\x1b[2J/r/k", "traces/ü/r/k"}
	b, requests := server(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "<ListBucketResult><EncodingType>url</EncodingType>")
		for _, key := range strange {
			encoded := strings.ReplaceAll(url.QueryEscape(key), "%2F", "/") // as S3 does
			if r.URL.Query().Has("delimiter") {
				fmt.Fprintf(w, "<CommonPrefixes><Prefix>%s</Prefix></CommonPrefixes>", encoded)
			} else {
				fmt.Fprintf(w, "<Contents><Key>%s</Key></Contents>", encoded)
			}
		}
		fmt.Fprint(w, "</ListBucketResult>")
	})
	folders, err := b.Folders(t.Context(), "traces/")
	if diff := cmp.Diff(strange, folders); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	var got []string
	for entry, err := range b.List(t.Context(), "traces/", "") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, entry.Key)
	}
	if diff := cmp.Diff(strange, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, r := range *requests {
		if r.URL.Query().Get("encoding-type") != "url" {
			t.Errorf("requested %s, without encoding-type=url", r.URL)
		}
	}
}

// TestReadLimitsObjects: a server cannot send more than the maximum size of an object.
func TestReadLimitsObjects(t *testing.T) {
	setCredentials(t)
	b, requests := server(t, func(w http.ResponseWriter, _ *http.Request) {
		chunk := make([]byte, 1<<20)
		for range 65 {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	_, err := b.Read(t.Context(), "k")
	if one, is := errors.AsType[*archive.ObjectError](err); !is || one.Key != "k" || len(*requests) != 1 {
		t.Errorf("error %v after %d requests, want one about the object after one", err, len(*requests))
	}
}

// TestSignature: headers that Google's front end changes are sent, but not signed.
func TestSignature(t *testing.T) {
	setCredentials(t)
	b, requests := server(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<ListBucketResult/>") })
	if _, err := b.Folders(t.Context(), "traces/"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Read(t.Context(), "k"); err != nil {
		t.Fatal(err)
	}
	for _, r := range *requests {
		authorization := r.Header.Get("Authorization")
		if !strings.Contains(authorization, "Credential=key/") || strings.Contains(authorization, "accept-encoding") {
			t.Errorf("%s: Authorization: %s", r.URL, authorization)
		}
		if r.Header.Get("Accept-Encoding") != "identity" {
			t.Errorf("%s: Accept-Encoding: %q", r.URL, r.Header.Get("Accept-Encoding"))
		}
	}
}

// TestReadErrors separates errors of one object from errors of the whole bucket.
func TestReadErrors(t *testing.T) {
	setCredentials(t)
	for _, test := range []struct {
		status     int
		code, more string
		one        bool
		want       string
	}{
		{404, "NoSuchKey", "", true, "lifecycle may have deleted it"},
		{403, "InvalidObjectState", "<StorageClass>GLACIER</StorageClass>", true, "in the storage class GLACIER: restore it first"},
		{403, "AccessDenied", "", false, "need s3:ListBucket"},
		{404, "NoSuchBucket", "", false, "--bucket-endpoint"},
		{301, "PermanentRedirect", "", false, "--bucket-region"},
	} {
		b, _ := server(t, func(w http.ResponseWriter, _ *http.Request) { refuse(w, test.status, test.code, test.more) })
		_, err := b.Read(t.Context(), "k")
		_, one := errors.AsType[*archive.ObjectError](err)
		if err == nil || one != test.one || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: about one object: %v: %v; want %v: %q", test.code, one, err, test.one, test.want)
		}
	}
}

// TestReadRetries: reading is retried after the connection is interrupted.
func TestReadRetries(t *testing.T) {
	setCredentials(t)
	times := 0
	b, _ := server(t, func(w http.ResponseWriter, _ *http.Request) {
		if times++; times == 1 {
			w.Header().Set("Content-Length", "100")
		}
		fmt.Fprint(w, "whole")
	})
	data, err := b.Read(t.Context(), "k")
	if string(data) != "whole" || err != nil {
		t.Errorf("%q, %v", data, err)
	}
}

// TestCredentials: a pod on EKS finds its credentials.
func TestCredentials(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("of-the-pod"), 0o600); err != nil {
		t.Fatal(err)
	}
	identity := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "of-the-pod" {
			fmt.Fprint(w, `{"AccessKeyId": "pod-identity", "SecretAccessKey": "s", "Token": "t", "Expiration": "2099-01-01T00:00:00Z"}`)
			return
		}
		fmt.Fprint(w, `<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>irsa</AccessKeyId>
			<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>
			</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`)
	}))
	defer identity.Close()
	for want, environment := range map[string]map[string]string{
		"irsa": {"AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/archive", "AWS_WEB_IDENTITY_TOKEN_FILE": token,
			"AWS_ENDPOINT_URL_STS": identity.URL},
		"pod-identity": {"AWS_CONTAINER_CREDENTIALS_FULL_URI": identity.URL + "/v1/credentials", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": token},
	} {
		t.Run(want, func(t *testing.T) {
			clearAWSEnv(t)
			for name, value := range environment {
				t.Setenv(name, value)
			}
			b, requests := server(t, func(w http.ResponseWriter, _ *http.Request) {})
			if _, err := b.Read(t.Context(), "k"); err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(*requests, func(r *http.Request) bool {
				return strings.Contains(r.Header.Get("Authorization"), "Credential="+want+"/")
			}) {
				t.Errorf("signed by %q", (*requests)[0].Header.Get("Authorization"))
			}
		})
	}
}

func TestOpenWithoutRegion(t *testing.T) {
	setCredentials(t)
	if _, err := bucket.Open(t.Context(), bucket.Location{Name: "b"}); err == nil || !strings.Contains(err.Error(), "--bucket-region") {
		t.Errorf("error %v", err)
	}
}

// TestStalledRead: a connection that stays open without sending data is closed, and reading is retried.
func TestStalledRead(t *testing.T) {
	setCredentials(t)
	var requests atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "5")
		fmt.Fprint(w, "wh")
		if requests.Add(1) == 1 {
			w.(http.Flusher).Flush()
			<-r.Context().Done()
			return
		}
		fmt.Fprint(w, "ole")
	}))
	defer s.Close()
	b, err := bucket.Open(t.Context(), bucket.Location{Name: "telemetry", Endpoint: s.URL, Patience: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if data, err := b.Read(ctx, "key"); err != nil || string(data) != "whole" {
		t.Errorf("read %q, %v; want the whole object on the second attempt", data, err)
	}
}
