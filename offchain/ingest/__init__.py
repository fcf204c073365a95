"""Live video on its way in: RTMP as cameras and encoders speak it, handed on as FLV."""
