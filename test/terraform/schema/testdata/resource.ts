// A resource as the generator writes it, with one member of each kind.
export interface BucketConfig extends cdktf.TerraformMetaArguments {
  readonly name: string;
}
export interface BucketRule {
  readonly days?: number;
}

export function bucketRuleToHclTerraform(struct?: BucketRule): any {
  const attrs = {
    days: {
      value: cdktf.numberToHclTerraform(struct!.days),
      isBlock: false,
      type: "simple",
      storageClassType: "number",
    },
  };
}

export class BucketRuleOutputReference extends cdktf.ComplexObject {
  // days - computed: false, optional: true, required: false
  private _days?: number;
  public get days() {
    return this.getNumberAttribute('days');
  }
}

export class BucketRuleList extends cdktf.ComplexList {
}

export function bucketTimeoutsToHclTerraform(struct?: BucketTimeouts): any {
  const attrs = {
    create: {
      value: cdktf.stringToHclTerraform(struct!.create),
      isBlock: false,
      type: "simple",
      storageClassType: "string",
    },
  };
}

export class BucketTimeoutsOutputReference extends cdktf.ComplexObject {
  // create - computed: false, optional: true, required: false
  private _create?: string;
  public get create() {
    return this.getStringAttribute('create');
  }
}

export class BucketStateOutputReference extends cdktf.ComplexObject {
  // reason - computed: true, optional: false, required: false
  public get reason() {
    return this.getStringAttribute('reason');
  }
}

export class Bucket extends cdktf.TerraformResource {
  public static readonly tfResourceType = "example_bucket";

  // name - computed: false, optional: false, required: true
  private _name?: string;
  public get name() {
    return this.getStringAttribute('name');
  }

  // open - computed: true, optional: true, required: false
  public get open() {
    return this.getBooleanAttribute('open');
  }

  // key_wo - computed: false, optional: true, required: false
  public get keyWo() {
    return this.getStringAttribute('key_wo');
  }

  // labels - computed: false, optional: true, required: false
  public get labels() {
    return this.getStringMapAttribute('labels');
  }

  // zones - computed: false, optional: true, required: false
  public get zones() {
    return cdktf.Fn.tolist(this.getListAttribute('zones'));
  }

  // state - computed: true, optional: false, required: false
  private _state = new BucketStateOutputReference(this, "state");
  public get state() {
    return this._state;
  }

  // rule - computed: false, optional: true, required: false
  private _rule = new BucketRuleList(this, "rule", true);

  // main_rule - computed: false, optional: false, required: true
  private _mainRule = new BucketRuleOutputReference(this, "main_rule");

  // timeouts - computed: false, optional: true, required: false
  private _timeouts = new BucketTimeoutsOutputReference(this, "timeouts");

  // =========
  // SYNTHESIS
  // =========
  protected synthesizeHclAttributes(): { [name: string]: any } {
    const attrs = {
      name: {
        value: cdktf.stringToHclTerraform(this._name),
        isBlock: false,
        type: "simple",
        storageClassType: "string",
      },
      rule: {
        value: cdktf.listMapperHcl(bucketRuleToHclTerraform, true)(this._rule.internalValue),
        isBlock: true,
        type: "set",
        storageClassType: "BucketRuleList",
      },
      main_rule: {
        value: bucketRuleToHclTerraform(this._mainRule.internalValue),
        isBlock: true,
        type: "list",
        storageClassType: "BucketRuleList",
      },
      timeouts: {
        value: bucketTimeoutsToHclTerraform(this._timeouts.internalValue),
        isBlock: true,
        type: "struct",
        storageClassType: "BucketTimeouts",
      },
    };
  }
}
