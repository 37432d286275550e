package pipeline

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestKafkaAuthentication uses a Kafka broker that requires a certificate and a login, with each mechanism. With a wrong
// password, data must wait, and the log must contain the reason. With the right password nothing may be lost. Without a
// certificate, data must keep waiting.
func TestKafkaAuthentication(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("runs Collectors; run without -short")
	}
	p := NewPlant(t)
	secured := StartBackends(t, p.Address(), "-kafka-user=telepod:pass word", "-kafka-tls="+p.Certificates())
	files, env := map[string]string{}, []string{}
	names := []string{"scram", "short", "plain", "stranger"}
	for _, name := range names {
		for _, file := range []string{"ca.crt", "tls.crt", "tls.key"} {
			text, err := os.ReadFile(filepath.Join(p.Certificates(), file))
			if err != nil {
				t.Fatal(err)
			}
			files[name+"/"+file] = string(text)
		}
		variable := "DESTINATION_" + strings.ToUpper(name)
		env = append(env, variable+"__USERNAME=telepod", variable+"__PASSWORD=wrong")
	}
	s := &vendorSite{plant: p, vendor: p.StartVendor(t)}
	const tls = "tls: {caSecret: ca, certificateSecret: client, serverName: NAME}}"
	s.start(t, strings.NewReplacer("BROKER", "127.0.0.1:"+strconv.Itoa(secured.kafka), "NAME", p.Host).Replace(`
    - {name: scram, protocol: kafka, brokers: ["BROKER"], signals: [logs], auth: {sasl: {secret: user}}, `+tls+`
    - {name: short, protocol: kafka, brokers: ["BROKER"], signals: [metrics], auth: {sasl: {secret: user, mechanism: SCRAM-SHA-256}}, `+tls+`
    - {name: plain, protocol: kafka, brokers: ["BROKER"], signals: [traces], sampled: false, auth: {sasl: {secret: user, mechanism: PLAIN}}, `+tls+`
    - {name: stranger, protocol: kafka, brokers: ["BROKER"], signals: [logs], topicPrefix: stranger_, auth: {sasl: {secret: user}}, tls: {caSecret: ca, serverName: NAME}}
`), files, env...)
	load := SendLoad(t, Load{Endpoint: s.region.Address + ":4317", Rate: 100, Batch: 20})
	waits := func(name string) bool {
		return s.node.Metric("otelcol_exporter_queue_size", `exporter="kafka/`+name+`"`) > 0
	}
	for _, name := range names {
		Await(t, Patience, "queued data for "+name, func() bool { return waits(name) })
	}
	for _, reason := range []string{"SASL_AUTHENTICATION_FAILED", "certificate required"} {
		Await(t, Patience, reason+" in the log", func() bool { return strings.Contains(s.node.Log(), reason) })
	}
	places := []Place{{Logs, "kafka"}, {Metrics, "kafka"}, {Traces, "kafka"}}
	for _, place := range places {
		if arrived := secured.Tally(t, place.Backend, place.Signal); len(arrived) > 0 {
			t.Errorf("%d %s arrived with a wrong password", len(arrived), place.Signal)
		}
	}
	s.node.Stop(t) // a pod with the corrected Secret replaces it
	for i, v := range s.node.run.Env {
		s.node.run.Env[i] = strings.Replace(v, "__PASSWORD=wrong", "__PASSWORD=pass word", 1)
	}
	s.node.Start(t)
	for _, o := range secured.Drain(t, load, places, Patience) {
		t.Log(o)
		if o.Lost > 0 || o.Acked == 0 {
			t.Errorf("%v", o)
		}
	}
	if !waits("stranger") {
		t.Error("data for the destination without a certificate is not queued")
	}
}

// TestArchiveWithWebIdentity runs a site outside AWS, without keys. It must exchange the cluster's token for a role's
// credentials, renew them before they expire, and read the token again after the kubelet has rotated it. AWS's side of the
// exchange is a fake, [STS].
func TestArchiveWithWebIdentity(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("runs Collectors; run without -short")
	}
	const role = "arn:aws:iam::123456789012:role/telepod-archive"
	p := NewPlant(t)
	stores := p.Direct()
	sts := startSTS(t, stores.S3, role, "first", 3*time.Second)
	stores.S3 = sts.S3
	token := filepath.Join(t.TempDir(), "token")
	write(t, token, "first")
	node := p.Central(t, "primary", stores)
	for i, v := range node.run.Env {
		if strings.HasPrefix(v, "AWS_") {
			node.run.Env[i] = "UNUSED=" + strconv.Itoa(i)
		}
	}
	node.run.Env = append(node.run.Env, "AWS_ROLE_ARN="+role, "AWS_WEB_IDENTITY_TOKEN_FILE="+token, "AWS_ROLE_SESSION_NAME=primary",
		"AWS_ENDPOINT_URL_STS="+sts.URL, "AWS_EC2_METADATA_DISABLED=true")
	node.Start(t)
	region := p.Region(t, [2]string{node.Address + ":4318", p.Address() + ":4318"}).Start(t)
	load := SendLoad(t, Load{Endpoint: region.Address + ":4317", Rate: 50, Batch: 10, Signals: []string{Logs}})
	Await(t, Patience, "objects, and renewed credentials", func() bool {
		issued, _ := sts.Counts()
		return issued > 2 && strings.Contains(p.objects(t), "logs/")
	})
	sts.Rotate("second") // the first token has expired
	Await(t, Patience, "a refused exchange in the log", func() bool {
		_, refused := sts.Counts()
		return refused > 0 && strings.Contains(node.Log(), "ExpiredTokenException")
	})
	before, _ := sts.Counts()
	write(t, token+".new", "second")
	if err := os.Rename(token+".new", token); err != nil {
		t.Fatal(err)
	}
	Await(t, Patience, "credentials for the second token", func() bool { issued, _ := sts.Counts(); return issued > before })
	for _, o := range p.Drain(t, load, []Place{{Logs, "s3"}}, Patience) {
		t.Log(o)
		if o.Lost > 0 || o.Acked == 0 {
			t.Errorf("%v", o)
		}
	}
}

// TestAzureBlob uses Azure Blob Storage, with workload identity and with a connection string. Traces and logs must arrive,
// and wait while the server is down. [Azure] describes which parts are real.
func TestAzureBlob(t *testing.T) {
	if testing.Short() {
		t.Skip("runs Collectors; run without -short")
	}
	p := NewPlant(t)
	azure := p.StartAzure(t, "of the cluster")
	token := filepath.Join(t.TempDir(), "token")
	write(t, token, "of the cluster")
	s := &vendorSite{plant: p, vendor: p.StartVendor(t), cloud: "{provider: azure, region: eastus}"}
	s.start(t, `
    - {name: lake, protocol: azure_blob, endpoint: "https://`+azureBlobs+`", bucket: `+azureContainer+`, prefix: raw, signals: [traces, logs], sampled: false}
    - {name: key, protocol: azure_blob, bucket: `+azureContainer+`, prefix: copy, signals: [traces, logs], sampled: false, auth: {connectionString: {secret: lake}}}
  identity: 00000000-0000-0000-0000-000000000003
`, nil, "HTTPS_PROXY="+azure.Proxy, "SSL_CERT_FILE="+azure.CA, "AZURE_TENANT_ID=tenant", "AZURE_CLIENT_ID=client", "AZURE_FEDERATED_TOKEN_FILE="+token,
		"DESTINATION_KEY__CONNECTION_STRING=DefaultEndpointsProtocol=https;AccountName="+azureAccount+";AccountKey="+azureKey+";EndpointSuffix=core.windows.net")
	load := SendLoad(t, Load{Endpoint: s.region.Address + ":4317", Rate: 50, Batch: 10, Signals: []string{Traces, Logs}})
	select {
	case <-azure.logins:
	case <-time.After(Patience):
		t.Fatal("no token was exchanged")
	}
	azure.Stop(t)
	Await(t, Patience, "the server's outage in the log", func() bool {
		return strings.Contains(s.node.Log(), "Bad Gateway") && s.node.Metric("otelcol_exporter_queue_size", `exporter="azure_blob/lake"`) > 0
	})
	azure.Start(t)
	load.Stop()
	for _, prefix := range []string{"raw", "copy"} {
		for _, signal := range []string{Traces, Logs} {
			Await(t, Patience, "all "+signal+" below "+prefix, func() bool { return azure.Lost(t, load, prefix, signal) == 0 })
		}
	}
	if load.Acked(Traces) == 0 || load.Acked(Logs) == 0 {
		t.Error("nothing was acknowledged")
	}
}
