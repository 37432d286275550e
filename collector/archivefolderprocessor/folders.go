package archivefolderprocessor

import (
	"regexp"
	"strings"
	"sync"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// The patterns allow what the semantic conventions and the clouds use, and no more. The longest name of a region today
// has 20 characters.
var (
	providerPattern = regexp.MustCompile(`^[a-z][a-z0-9_]{1,31}$`)
	regionPattern   = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)
)

// folders decides which folder a resource belongs to. It is safe for concurrent use.
type folders struct {
	fallback string
	allowed  map[string]bool // if not empty, no others
	max      int

	mu   sync.Mutex
	seen map[string]bool
}

func newFolders(cfg *Config) *folders {
	f := &folders{fallback: cfg.Fallback, max: cfg.MaxFolders, allowed: map[string]bool{}, seen: map[string]bool{}}
	for _, folder := range cfg.Allowed {
		f.allowed[folder] = true
	}
	return f
}

// of returns the folder of a resource:
//
//	provider, region match?   allowed list     folders so far   folder
//	no                        -                -                fallback
//	yes                       contains it      -                provider/region
//	yes                       does not         -                fallback
//	yes                       empty            room, or known   provider/region
//	yes                       empty            max reached      fallback
func (f *folders) of(resource pcommon.Map) string {
	provider, region := text(resource, "cloud.provider"), text(resource, "cloud.region")
	if !providerPattern.MatchString(provider) || !regionPattern.MatchString(region) {
		return f.fallback
	}
	folder := provider + "/" + region
	if len(f.allowed) > 0 {
		if f.allowed[folder] {
			return folder
		}
		return f.fallback
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.seen[folder] {
		if len(f.seen) >= f.max {
			return f.fallback
		}
		f.seen[strings.Clone(folder)] = true
	}
	return folder
}

func text(resource pcommon.Map, key string) string {
	if value, ok := resource.Get(key); ok && value.Type() == pcommon.ValueTypeStr {
		return value.Str()
	}
	return ""
}
