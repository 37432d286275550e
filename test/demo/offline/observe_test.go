package offline

import "testing"

func TestExpandKeepsUnknownReferences(t *testing.T) {
	got := expand("http://$(K8S_NODE_IP):4317/$(OTHER)", map[string]string{"K8S_NODE_IP": "10.0.0.1"})
	if want := "http://10.0.0.1:4317/$(OTHER)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
