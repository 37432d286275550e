package injector

func (p *parser) toleration(s *Spec) error {
	return p.object("tolerations", func(field string) error {
		if field != "key" {
			return p.dec.SkipValue()
		}
		var key string
		err := p.str(&key)
		s.Virtual = s.Virtual || virtualKey(key)
		return err
	})
}

// affinity looks for a required node affinity to Windows, a term with kubernetes.io/os In [windows],
// or to virtual nodes.
func (p *parser) affinity(s *Spec) error {
	at := func(want string, next func() error) func() error {
		return func() error {
			return p.object(want, func(field string) error {
				if field == want {
					return next()
				}
				return p.dec.SkipValue()
			})
		}
	}
	expression := func() error {
		var key, operator, value string
		err := p.object("matchExpressions", func(field string) error {
			switch field {
			case "key":
				return p.str(&key)
			case "operator":
				return p.str(&operator)
			case "values":
				return p.array("values", func() error { return p.str(&value) })
			}
			return p.dec.SkipValue()
		})
		s.Windows = s.Windows || key == osLabel && operator == "In" && value == "windows"
		s.Virtual = s.Virtual || key == nodeTypeLabel && operator == "In" && value == virtualNodeType
		return err
	}
	terms := func() error {
		return p.array("nodeSelectorTerms", at("matchExpressions", func() error { return p.array("matchExpressions", expression) }))
	}
	return at("nodeAffinity", at("requiredDuringSchedulingIgnoredDuringExecution", at("nodeSelectorTerms", terms)))()
}
