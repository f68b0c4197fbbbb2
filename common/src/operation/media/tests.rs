use serde_json::value::RawValue;
use utoipa::PartialSchema;

use super::*;
use crate::operation::FieldError;

fn errors_of(operation: &str, input: &str) -> Vec<FieldError> {
    let raw: Box<RawValue> = serde_json::from_str(input).unwrap();
    Operation::find(operation).unwrap().check(&raw).err().unwrap_or_default()
}

fn fields_of(operation: &str, input: &str) -> Vec<String> {
    errors_of(operation, input).into_iter().map(|error| error.field).collect()
}

#[test]
fn right_parameters_are_accepted() {
    for (operation, input) in [
        ("image.convert", r#"{"format":"jpg","quality":90}"#),
        ("image.crop", r#"{"width":10,"height":10}"#),
        ("image.crop", r#"{"x":3,"y":5,"width":10,"height":10,"quality":80}"#),
        ("image.scale", r#"{"height":100,"fit":"cover"}"#),
        ("image.watermark", r#"{"position":"top_left","margin":0,"scale":1,"opacity":0.5}"#),
        ("image.watermark", "{}"),
        ("video.convert", r#"{"format":"webm"}"#),
        ("video.crop", r#"{"x":2,"y":0,"width":64,"height":48}"#),
        ("video.scale", r#"{"width":640}"#),
        ("video.trim", r#"{"start":1.5,"duration":2}"#),
        ("video.trim", r#"{"end":2,"exact":false}"#),
        ("video.watermark", r#"{"position":"center","format":"mkv","quality":60}"#),
        ("audio.convert", r#"{"format":"opus","bitrate":64,"sample_rate":48000,"channels":2}"#),
        ("audio.extract", "{}"),
        ("audio.extract", r#"{"format":"wav","sample_rate":16000,"channels":1}"#),
        ("media.probe", "{}"),
    ] {
        assert_eq!(errors_of(operation, input), [], "{operation} {input}");
    }
}

#[test]
fn every_wrong_field_is_named_at_once() {
    for (operation, input, expected) in [
        ("image.convert", "{}", &["format"][..]),
        (
            "image.convert",
            r#"{"format":"tga","quality":0,"dpi":72}"#,
            &["dpi", "format", "quality"],
        ),
        ("image.convert", r#"{"format":"png","quality":80}"#, &["quality"]),
        ("image.crop", r#"{"x":-1,"y":"2","height":0}"#, &["height", "width", "x", "y"]),
        ("image.crop", "{}", &["height", "width"]),
        ("image.scale", "{}", &["width"]),
        ("image.scale", r#"{"width":20000,"height":null,"fit":"zoom"}"#, &["fit", "width"]),
        (
            "image.watermark",
            r#"{"position":"left","margin":-4,"scale":0,"opacity":1.5}"#,
            &["margin", "opacity", "position", "scale"],
        ),
        ("video.crop", r#"{"x":1,"y":3,"width":63,"height":47}"#, &["height", "width", "x", "y"]),
        ("video.scale", r#"{"width":641,"height":8194}"#, &["height", "width"]),
        ("video.convert", r#"{"format":"gif","quality":80}"#, &["quality"]),
        ("video.trim", "{}", &["start"]),
        ("video.trim", r#"{"start":5,"end":5}"#, &["end"]),
        ("video.trim", r#"{"start":5,"end":6,"duration":1}"#, &["duration"]),
        ("video.trim", r#"{"duration":0}"#, &["duration"]),
        ("video.trim", r#"{"start":-1,"exact":"no"}"#, &["exact", "start"]),
        (
            "video.trim",
            r#"{"start":1,"exact":false,"quality":50,"format":"gif"}"#,
            &["format", "quality", "quality"],
        ),
        ("video.watermark", r#"{"opacity":"half"}"#, &["opacity"]),
        ("audio.convert", r#"{"format":"flac","bitrate":128}"#, &["bitrate"]),
        ("audio.convert", r#"{"format":"opus","sample_rate":44100}"#, &["sample_rate"]),
        (
            "audio.convert",
            r#"{"format":"mp4","channels":6,"bitrate":4}"#,
            &["bitrate", "channels", "format"],
        ),
        ("audio.extract", r#"{"format":"mp3","sample_rate":96000}"#, &["sample_rate"]),
        ("media.probe", r#"{"deep":true}"#, &["deep"]),
        ("media.probe", "[]", &[""]),
        ("image.convert", r#"["png"]"#, &[""]),
        ("media.probe", "null", &[""]),
    ] {
        let mut fields = fields_of(operation, input);
        fields.sort();
        assert_eq!(fields, expected, "{operation} {input}");
    }
}

#[test]
fn the_messages_say_what_would_be_right() {
    let errors = errors_of("video.crop", r#"{"x":1,"width":10,"height":10}"#);
    assert_eq!(errors[0].field, "x");
    assert!(errors[0].message.contains("an even number from 0 to 8190"), "{}", errors[0].message);
    let errors = errors_of("image.convert", r#"{"format":"tga"}"#);
    assert!(
        errors[0].message.contains("`jpeg`") && errors[0].message.contains("`avif`"),
        "{}",
        errors[0].message
    );
}

#[test]
fn odd_bodies_are_refused_without_much_work() {
    assert_eq!(fields_of("image.convert", r#"{"format":"png","format":"gif"}"#), [""]);
    let many: Vec<_> = (0..1000).map(|i| format!(r#""f{i}":1"#)).collect();
    assert_eq!(fields_of("media.probe", &format!("{{{}}}", many.join(","))), [""]);
}

#[test]
fn sizes_stand_in_the_schema_itself() {
    let schema = serde_json::to_value(VideoScale::schema()).unwrap();
    let width = schema["properties"]["width"].to_string();
    assert!(width.contains("8192") && width.contains("\"multipleOf\":2"), "{width}");
}

#[test]
fn every_format_is_found_by_its_extension() {
    for format in ImageFormat::ALL {
        let read: ImageFormat = serde_json::from_value(format.extension().into()).unwrap();
        assert_eq!(read, format);
        assert_eq!(serde_json::to_value(format).unwrap(), format.as_str());
    }
    for format in VideoFormat::ALL {
        let read: VideoFormat = serde_json::from_value(format.extension().into()).unwrap();
        assert_eq!(read, format);
        assert_eq!(serde_json::to_value(format).unwrap(), format.as_str());
    }
    for format in AudioFormat::ALL {
        let read: AudioFormat = serde_json::from_value(format.extension().into()).unwrap();
        assert_eq!(read, format);
        assert_eq!(serde_json::to_value(format).unwrap(), format.as_str());
    }
}
